/**
 * Adding a key, step by step. The key itself is only ever in this object, and gone from it as soon
 * as it is stored; what survives a reload is the draft, which has no key in it.
 */
import type { Api } from '../api/client';
import { ApiFailure } from '../api/failure';
import type { Checked, Endpoint, Key, KeyToCheck, Provider } from '../api/types';
import { deploymentsOf } from './deployments';
import { emptyDraft, forgetDraft, freeName, keepDraft, loadDraft, type Draft } from './draft';
import { limitOf } from './limit';
import { shapeOf, type Shape } from './shape';

/** What may be stored although the test did not end well: it says nothing against the key. */
const PASSING = new Set([
  'ok',
  'provider.rate_limited',
  'provider.timeout',
  'provider.unavailable',
  'budget.exceeded'
]);

export type WizardApi = Pick<Api, 'keys' | 'checkKey' | 'addKey' | 'testKey'>;

export type Busy = 'checking' | 'saving' | 'resuming';

/** Runs `work` unless another tab is at it; says whether it ran. */
export type Lock = (work: () => Promise<void>) => Promise<boolean>;

/** The lock that all tabs of this browser share. */
export const tabLock: Lock = (work) =>
  navigator.locks.request('convergio.add_key', { ifAvailable: true }, async (lock) => {
    if (lock !== null) await work();
    return lock !== null;
  });

export class Wizard {
  draft = $state<Draft>(emptyDraft(''));
  /** What is in the field: as pasted. */
  pasted = $state('');
  checked = $state.raw<Checked | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  busy = $state<Busy | null>(null);
  /** Another tab is storing a key right now. */
  elsewhere = $state(false);
  stored = $state.raw<Key | null>(null);

  readonly shape: Shape = $derived(shapeOf(this.pasted, this.draft.provider ?? ''));
  /** The test says nothing against storing it. */
  readonly passing = $derived(this.checked !== null && PASSING.has(this.checked.outcome));

  readonly #api: WizardApi;
  readonly #storage: Storage;
  readonly #lock: Lock;

  constructor(
    api: WizardApi,
    user: string,
    storage: Storage = sessionStorage,
    lock: Lock = tabLock
  ) {
    this.#api = api;
    this.#storage = storage;
    this.#lock = lock;
    this.draft = loadDraft(storage, user);
  }

  keep(): void {
    keepDraft(this.#storage, $state.snapshot(this.draft));
  }

  /** Takes up what a reload interrupted: was the key stored before the answer was lost? */
  async resume(): Promise<void> {
    if (!this.draft.sent && this.draft.key === null) return;
    this.busy = 'resuming';
    try {
      await this.#reconcile();
      this.failure = null;
    } catch (thrown) {
      this.failure = ApiFailure.of(thrown);
    }
    this.busy = null;
  }

  choose(provider: Provider, names: readonly string[]): void {
    if (this.draft.provider !== provider.name) {
      this.draft = { ...emptyDraft(this.draft.user), provider: provider.name };
      this.draft.name = freeName(provider.title, names);
      this.forgetSecret();
    }
    this.keep();
  }

  /** Asks the provider; true when there is an answer that allows to go on. */
  async check(): Promise<boolean> {
    const key = this.#key();
    if (this.busy !== null || key === null) return false;
    this.busy = 'checking';
    this.failure = null;
    this.checked = null;
    try {
      this.checked = await this.#api.checkKey(key);
      this.draft.models = this.checked.models;
      this.keep();
    } catch (thrown) {
      this.failure = ApiFailure.of(thrown);
    }
    this.busy = null;
    return this.passing;
  }

  /** Stores the key, once, whatever happens to the answer. True when it is stored. */
  async save(): Promise<boolean> {
    const key = this.#key();
    const limit = limitOf(this.draft.limit);
    if (this.busy !== null || key === null || this.draft.name.trim() === '') return false;
    if (limit.wrong) return false;
    this.busy = 'saving';
    this.failure = null;
    this.elsewhere = !(await this.#lock(() => this.#store(key, limit.nano_usd)));
    this.busy = null;
    return this.draft.key !== null;
  }

  forgetSecret(): void {
    this.pasted = '';
    this.checked = null;
    this.failure = null;
  }

  /** Begins anew. */
  restart(): void {
    this.forgetSecret();
    this.stored = null;
    this.draft = emptyDraft(this.draft.user);
    forgetDraft(this.#storage);
  }

  async #store(key: KeyToCheck, limit: number | null): Promise<void> {
    this.draft.sent = true;
    this.keep();
    try {
      const stored = await this.#api.addKey({
        ...key,
        name: this.draft.name.trim(),
        ...(limit === null ? {} : { monthly_limit_nano_usd: limit })
      });
      this.#done(stored);
      // The check before kept nothing: this one is remembered with the key. Where it fails the list
      // says that the key is untested, which is then so.
      this.#api.testKey(stored.id).catch(() => undefined);
    } catch (thrown) {
      const failure = ApiFailure.of(thrown);
      this.failure = failure;
      // Only where the answer was lost can it have been stored all the same.
      if (failure.kind === 'offline') await this.#reconcile().catch(() => undefined);
      else this.draft.sent = false;
      this.keep();
    }
  }

  /** Looks whether it is there: names are unique for a provider, and this one was free. */
  async #reconcile(): Promise<void> {
    const { key, provider, name } = this.draft;
    const mine = (await this.#api.keys()).find((one) =>
      key === null ? one.provider === provider && one.name === name.trim() : one.id === key
    );
    if (mine) this.#done(mine);
    else if (key !== null) this.restart();
    else this.draft.sent = false;
    if (this.draft.provider !== null) this.keep();
  }

  #done(key: Key): void {
    this.stored = key;
    this.draft.key = key.id;
    this.draft.sent = false;
    this.forgetSecret();
    this.keep();
  }

  #key(): KeyToCheck | null {
    const { provider } = this.draft;
    if (provider === null || this.shape.problem !== null) return null;
    if (deploymentsOf(this.draft.deployments).wrong !== null) return null;
    const endpoint = endpointOf(this.draft);
    return { provider, secret: this.shape.secret, ...(endpoint ? { endpoint } : {}) };
  }
}

function endpointOf(draft: Draft): Endpoint | null {
  const endpoint = draft.endpoint.trim();
  if (endpoint === '') return null;
  const api_version = draft.api_version.trim();
  const region = draft.region.trim();
  const { named } = deploymentsOf(draft.deployments);
  return {
    endpoint,
    ...(api_version ? { api_version } : {}),
    ...(region ? { region } : {}),
    ...(Object.keys(named).length > 0 ? { deployments: named } : {})
  };
}
