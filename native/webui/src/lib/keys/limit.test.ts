import { describe, expect, it } from 'vitest';
import { limitOf, typedLimit } from './limit';

describe('a monthly limit', () => {
  it.each([
    ['20', 20_000_000_000],
    ['$ 12.50', 12_500_000_000],
    ['12,5', 12_500_000_000],
    ['0.07', 70_000_000],
    ['0', 0],
    ['1000000', 1e15]
  ])('%s is read', (typed, nano_usd) => {
    expect(limitOf(typed)).toEqual({ wrong: false, nano_usd });
  });

  it.each(['', '  ', '$'])('“%s” is no limit', (typed) => {
    expect(limitOf(typed)).toEqual({ wrong: false, nano_usd: null });
  });

  it.each(['-1', 'ten', '1.234', '1,000.00', '1000000.01', '1e3'])('%s is refused', (typed) => {
    expect(limitOf(typed)).toEqual({ wrong: true });
  });

  it.each([
    [null, ''],
    [20_000_000_000, '20'],
    [12_500_000_000, '12.50']
  ])('%s is typed as “%s”', (nano_usd, typed) => {
    expect(typedLimit(nano_usd)).toBe(typed);
  });
});
