/** A long list bit by bit: what the first view holds at once, the rest in idle moments. */
import { whenIdle } from '../idle';

/**
 * How many of `total()` are to be shown by now: `first`, then `step` more at a time. To be called
 * while a component is made; what was shown once stays.
 */
export function gradual(
  first: number,
  step: number,
  total: () => number
): { readonly shown: number } {
  let shown = $state(first);
  $effect(() => {
    if (shown < total()) return whenIdle([() => (shown += step)]);
    return undefined;
  });
  return {
    get shown() {
      return shown;
    }
  };
}
