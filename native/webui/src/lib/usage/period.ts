/** The stretches of time that usage is shown for, in the reader's own time zone. Pure. */

export const PERIODS = ['today', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

export interface Span {
  /** First millisecond. */
  from: number;
  /** First millisecond after it. */
  to: number;
}

/** Today, the last seven days or the last thirty, each with today. */
export function spanOf(period: Period, now: number): Span {
  const days = { today: 1, week: 7, month: 30 }[period];
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
