/** One thing that is done: once at a time, with what went wrong. */
import { ApiFailure } from './api/failure';

export class Doing {
  busy = $state(false);
  failure = $state.raw<ApiFailure | null>(null);

  /** Does it unless it is being done already; true when it went well. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.failure = ApiFailure.of(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
