/** Numbers and times as people read them, in the language of the page. */
import { getLocale } from './paraglide/runtime';

/** The page's language as it is written where the reader is: en-GB where the browser asks for it. */
function locale(): string {
  const language = getLocale();
  return navigator.languages.find((one) => one.split('-')[0] === language) ?? language;
}

/**
 * What is made once for each language and choice of options is kept: making one of these costs a
 * phone more than all that it will ever format.
 */
function kept<Made, Options>(make: new (locale: string, options: Options) => Made) {
  const made = new Map<string, Made>();
  return (options: Options): Made => {
    const name = `${locale()} ${JSON.stringify(options)}`;
    let one = made.get(name);
    if (one === undefined) made.set(name, (one = new make(locale(), options)));
    return one;
  };
}
const numbers = kept<Intl.NumberFormat, Intl.NumberFormatOptions>(Intl.NumberFormat);
const times = kept<Intl.DateTimeFormat, Intl.DateTimeFormatOptions>(Intl.DateTimeFormat);
const distances = kept<Intl.RelativeTimeFormat, Intl.RelativeTimeFormatOptions>(
  Intl.RelativeTimeFormat
);

const NANO = 1e9;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Nano-dollars as dollars. Answers often cost less than a cent: small amounts keep two significant
 * digits, and what is not nothing is never shown as nothing.
 */
export function money(nanoUsd: number): string {
  const usd = nanoUsd / NANO;
  const shown = (value: number, digits: number) =>
    numbers({
      style: 'currency',
      currency: 'USD',
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: 2,
      maximumFractionDigits: digits
    }).format(value);
  if (usd === 0 || usd >= 1) return shown(usd, 2);
  if (usd < 0.000_001) return `< ${shown(0.000_001, 6)}`;
  const digits = Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(usd))));
  return shown(usd, digits);
}

export function count(value: number): string {
  return numbers({}).format(value);
}

/** 12,345 as 12.3K. */
export function compact(value: number): string {
  return numbers({ notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

export function date(at: number): string {
  return times({ dateStyle: 'medium' }).format(at);
}

/** A day of the year, in UTC. */
export function dayOfYear(at: number): string {
  return times({
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC'
  }).format(at);
}

export function dateTime(at: number): string {
  return times({ dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** `3 days ago`, `in 2 hours`, `now`. */
export function ago(at: number, now: number): string {
  const distance = at - now;
  const words = distances({ numeric: 'auto' });
  const size = Math.abs(distance);
  if (size < MINUTE) return words.format(0, 'second');
  if (size < HOUR) return words.format(Math.round(distance / MINUTE), 'minute');
  if (size < DAY) return words.format(Math.round(distance / HOUR), 'hour');
  if (size < 60 * DAY) return words.format(Math.round(distance / DAY), 'day');
  return words.format(Math.round(distance / (30 * DAY)), 'month');
}

/** Makes ahead of time what nearly every screen formats with: for idle moments, one after the other. */
export const warmUp: readonly (() => void)[] = [
  () => money(0),
  () => count(0),
  () => date(0),
  () => ago(0, 0),
  () => dateTime(0),
  () => dayOfYear(0),
  () => compact(0)
];
