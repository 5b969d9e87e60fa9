import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { group } from '../../testing/api';
import { byProvider, everyDay, keyOf } from './breakdown';
import CostChart from './CostChart.svelte';
import { isPeriod, spanOf } from './period';
import UsageTable from './UsageTable.svelte';

const DAY = 86_400_000;

describe('a period', () => {
  it('begins and ends at midnight where the reader is, with today in it', () => {
    const now = new Date(2026, 2, 30, 15, 20).getTime();
    for (const period of ['today', 'week', 'month', 'year'] as const) {
      const { from, to } = spanOf(period, now);
      expect(new Date(from).getHours() + new Date(to).getHours()).toBe(0);
      expect(from <= now && now < to).toBe(true);
      // Rounded: a night on which the clock changes is longer or shorter.
      expect(Math.round((to - from) / DAY)).toBe(
        { today: 1, week: 7, month: 30, year: 365 }[period]
      );
    }
  });

  it('is one of three', () => {
    expect([isPeriod('week'), isPeriod('decade'), isPeriod(null)]).toEqual([true, false, false]);
  });
});

describe('sums', () => {
  it('by provider lose nothing, the costliest first', () => {
    const models = [
      group('openai/a', { cost_nano_usd: 5, requests: 2 }),
      group('google/b', { cost_nano_usd: 50, estimated: 1 }),
      group('openai/c', { cost_nano_usd: 7, requests: 3 })
    ];
    const rows = byProvider(models);
    expect(rows.map((row) => [row.group, row.cost_nano_usd, row.requests])).toEqual([
      ['google', 50, 1],
      ['openai', 12, 5]
    ]);
    expect(models[0]?.cost_nano_usd).toBe(5);
  });

  it('of a key tell its name from its provider', () => {
    expect(keyOf('openai/Class 3/B')).toEqual({ provider: 'openai', name: 'Class 3/B' });
    expect(keyOf('gone')).toEqual({ provider: '', name: 'gone' });
  });

  it('have every day, also those without anything, however days are written', () => {
    const days = [group('1970-01-02', { cost_nano_usd: 9 }), group('3', { cost_nano_usd: 4 })];
    expect(everyDay(days, 0, 4 * DAY).map((day) => day.cost_nano_usd)).toEqual([0, 9, 0, 4]);
  });
});

describe('the chart', () => {
  const days = everyDay([group('1', { cost_nano_usd: 2_000_000_000, requests: 4 })], 0, 3 * DAY);

  it('says in words what it draws', () => {
    render(CostChart, { days });
    expect(screen.getByRole('img')).toHaveAccessibleName(/3 days: \$2\.00 in all/);
  });

  it('is a table when one asks', async () => {
    render(CostChart, { days });
    await userEvent.click(screen.getByRole('button', { name: 'As table' }));
    const rows = screen.getAllByRole('row');
    expect(rows).toHaveLength(4);
    expect(
      within(rows[2]!)
        .getAllByRole('cell')
        .map((cell) => cell.textContent)
    ).toEqual(['4', '$2.00']);
  });
});

describe('the table', () => {
  it('marks what is estimated', () => {
    const rows = [group('a', { estimated: 1 }), group('b')];
    render(UsageTable, { rows, head: 'Model', name: (row: { label: string }) => row.label });
    const [, first, second] = screen.getAllByRole('row');
    expect(first).toHaveTextContent('≈');
    expect(second).not.toHaveTextContent('≈');
  });
});
