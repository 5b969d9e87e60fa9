import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ago, compact, count, date, dayOfYear, money } from './format';
import { overwriteGetLocale } from './paraglide/runtime';

const speak = (language: 'en' | 'it', browser: string[]) => {
  overwriteGetLocale(() => language);
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(browser);
};
beforeEach(() => speak('en', ['en-US']));

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [1, '< $0.000001'],
    [412_000, '$0.00041'],
    [9_990_000, '$0.01'],
    [12_345_678, '$0.012'],
    [250_000_000, '$0.25'],
    [1_234_567_890, '$1.23'],
    [1_234_567_890_000, '$1,234.57']
  ])('%i nano-dollars are %s', (nano, words) => {
    expect(money(nano)).toBe(words);
  });

  it('that is not nothing is never shown as nothing', () => {
    for (let nano = 1; nano < 1e12; nano = Math.ceil(nano * 1.7)) {
      expect(money(nano), String(nano)).toMatch(/[1-9]/);
    }
  });
});

describe('in the reader’s language', () => {
  it('numbers and days are written', () => {
    speak('it', ['it-IT']);
    expect([count(12_345), money(1_500_000_000)]).toEqual(['12.345', '1,50\u00a0$']);
    expect(date(Date.UTC(2026, 10, 23, 12))).toBe('23 nov 2026');
    expect(ago(0, 3 * 86_400_000)).toBe('3 giorni fa');
  });

  it('the region is the browser’s, when it speaks that language', () => {
    speak('en', ['it-IT', 'en-GB']);
    expect(date(Date.UTC(2026, 10, 23, 12))).toBe('23 Nov 2026');
    speak('en', ['fr-FR']);
    expect(date(Date.UTC(2026, 10, 23, 12))).toBe('Nov 23, 2026');
  });

  it('small and large', () => {
    expect([compact(12_345), dayOfYear(Date.UTC(2026, 0, 1))]).toEqual(['12.3K', 'Jan 1']);
    expect(ago(10_000, 0)).toBe('now');
    expect(ago(0, 90 * 86_400_000)).toBe('3 months ago');
  });
});
