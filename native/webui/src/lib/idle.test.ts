import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whenIdle } from './idle';

let moments: (() => void)[];
const pass = () => moments.shift()?.();

beforeEach(() => {
  moments = [];
  vi.stubGlobal('requestIdleCallback', (next: () => void) => moments.push(next));
  vi.stubGlobal('cancelIdleCallback', () => moments.splice(0));
});
afterEach(() => vi.unstubAllGlobals());

test('each piece of work has a moment of its own', () => {
  const done: string[] = [];
  whenIdle([() => done.push('first'), () => done.push('second')]);
  expect(done).toEqual([]);
  pass();
  expect(done).toEqual(['first']);
  pass();
  expect(done).toEqual(['first', 'second']);
  expect(moments).toEqual([]);
});

test('what was stopped does nothing more', () => {
  const done: string[] = [];
  const stop = whenIdle([() => done.push('first'), () => done.push('second')]);
  pass();
  stop();
  pass();
  expect(done).toEqual(['first']);
});
