/** The stretches of time that usage is shown for, in the reader's own time zone. Pure. */

export const PERIODS = ['today', 'week', 'month', 'year'] as const;
export type Period = (typeof PERIODS)[number];

export interface Span {
  /** First millisecond. */
  from: number;
  /** First millisecond after it. */
  to: number;
}

/** Today, or the last 7, 30 or 365 days with today among them. */
export function spanOf(period: Period, now: number): Span {
  const days = { today: 1, week: 7, month: 30, year: 365 }[period];
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  const first = new Date(midnight);
  first.setDate(first.getDate() - (days - 1));
  const after = new Date(midnight);
  after.setDate(after.getDate() + 1);
  return { from: first.getTime(), to: after.getTime() };
}

export function isPeriod(text: string | null): text is Period {
  return PERIODS.some((period) => period === text);
}
