/** What may be spent with a key in a month: as people type it, and in nano-dollars. Pure. */

const NANO = 1e9;
const CENT = NANO / 100;
/** In dollars: the most that the gateway takes. */
const MOST = 1_000_000;

/** What somebody typed: no limit (`null`), a limit in nano-dollars, or nothing to make sense of. */
export type Limit = { wrong: false; nano_usd: number | null } | { wrong: true };

/** `20`, `$ 12.50` or `12,50`; nothing is no limit. */
export function limitOf(typed: string): Limit {
  const text = typed.trim().replace(/^\$\s*/, '');
  if (text === '') return { wrong: false, nano_usd: null };
  if (!/^\d{1,7}([.,]\d{1,2})?$/.test(text)) return { wrong: true };
  const cents = Math.round(Number(text.replace(',', '.')) * 100);
  return cents > MOST * 100 ? { wrong: true } : { wrong: false, nano_usd: cents * CENT };
}

/** A limit as somebody would type it. */
export function typedLimit(nanoUsd: number | null): string {
  if (nanoUsd === null) return '';
  const usd = nanoUsd / NANO;
  return Number.isInteger(usd) ? String(usd) : usd.toFixed(2);
}
