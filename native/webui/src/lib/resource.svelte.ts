/** Something that is fetched and shown: what is there, whether it is on its way, why it is not. */
import { ApiFailure } from './api/failure';

export class Resource<T> {
  /** The last answer; stays while a newer one is on its way. */
  value = $state.raw<T | undefined>(undefined);
  loading = $state(false);
  failure = $state.raw<ApiFailure | null>(null);
  readonly #get: () => Promise<T>;
  #turn = 0;

  constructor(get: () => Promise<T>) {
    this.#get = get;
  }

  /** Asks (again). Only the newest question's answer counts. */
  load = async (): Promise<void> => {
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const value = await this.#get();
      if (turn !== this.#turn) return;
      this.value = value;
      this.failure = null;
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.failure = ApiFailure.of(thrown);
    }
    this.loading = false;
  };
}
