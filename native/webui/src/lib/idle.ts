/** What can wait until there is nothing else to do. */

/** In milliseconds: however busy the page is, it has waited long enough. */
const PATIENCE = 5000;

/**
 * Does one after the other, each in a moment of its own, so that a finger never waits for more than
 * one of them. Returns how to stop.
 */
export function whenIdle(work: readonly (() => void)[]): () => void {
  const waiting = [...work];
  let handle = 0;
  const next = () => {
    waiting.shift()?.();
    if (waiting.length > 0) handle = ask(next);
  };
  if (waiting.length > 0) handle = ask(next);
  return () => {
    waiting.length = 0;
    forget(handle);
  };
}

// Not every browser says when it is idle.
const ask = (next: () => void): number =>
  'requestIdleCallback' in globalThis
    ? requestIdleCallback(next, { timeout: PATIENCE })
    : Number(setTimeout(next, 200));
const forget = (handle: number): void =>
  'cancelIdleCallback' in globalThis ? cancelIdleCallback(handle) : clearTimeout(handle);
