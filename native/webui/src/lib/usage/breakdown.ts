/** What the usage screen adds up by itself. Pure. */
import type { UsageGroup, UsageSum } from '../api/types';

const DAY = 86_400_000;

export interface Row extends UsageSum {
  group: string;
  label: string;
}

/** Models are `provider/model`: their sums by provider, the costliest first. */
export function byProvider(models: readonly UsageGroup[]): Row[] {
  const rows = new Map<string, Row>();
  for (const model of models) {
    const provider = model.group.split('/', 1)[0] ?? model.group;
    const row = rows.get(provider);
    rows.set(
      provider,
      row ? { ...row, ...sum(row, model) } : { ...model, group: provider, label: provider }
    );
  }
  return [...rows.values()].sort((a, b) => b.cost_nano_usd - a.cost_nano_usd);
}

/** Two sums as one. */
export function sum(a: UsageSum, b: UsageSum): UsageSum {
  return {
    requests: a.requests + b.requests,
    attempts: a.attempts + b.attempts,
    input_tokens: a.input_tokens + b.input_tokens,
    cached_tokens: a.cached_tokens + b.cached_tokens,
    cache_write_tokens: a.cache_write_tokens + b.cache_write_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    reasoning_tokens: a.reasoning_tokens + b.reasoning_tokens,
    cost_nano_usd: a.cost_nano_usd + b.cost_nano_usd,
    estimated: a.estimated + b.estimated
  };
}

export interface Day {
  /** Its first millisecond, UTC. */
  at: number;
  cost_nano_usd: number;
  requests: number;
}

/** Keys are labelled `provider/name`: the two apart. */
export function keyOf(label: string): { provider: string; name: string } {
  const [provider = '', ...name] = label.split('/');
  return name.length === 0 ? { provider: '', name: label } : { provider, name: name.join('/') };
}

/** All that was sent: fresh, read from a cache, written to one. */
export function tokensIn(of: UsageSum): number {
  return of.input_tokens + of.cached_tokens + of.cache_write_tokens;
}

/** One entry for each UTC day of a span, also for those on which nothing was used. */
export function everyDay(days: readonly UsageGroup[], from: number, to: number): Day[] {
  const known = new Map(days.map((day) => [dayOf(day.group), day]));
  const all: Day[] = [];
  for (let day = Math.floor(from / DAY); day * DAY < to; day++) {
    const used = known.get(day);
    all.push({
      at: day * DAY,
      cost_nano_usd: used?.cost_nano_usd ?? 0,
      requests: used?.requests ?? 0
    });
  }
  return all;
}

/** Days come as `2026-11-23`, or counted since 1970. */
function dayOf(group: string): number {
  return /^\d+$/.test(group) ? Number(group) : Math.floor(Date.parse(`${group}T00:00:00Z`) / DAY);
}
