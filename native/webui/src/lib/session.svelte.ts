/** Who is signed in: one object for the whole page, reached through context. */
import { getContext, setContext } from 'svelte';
import { Api } from './api/client';
import { ApiFailure } from './api/failure';
import type { Permission, Session as Signed, SetupRequest } from './api/types';
import { Tabs } from './tabs';

/**
 * `unknown` until the gateway was asked; `unreachable` when it could not be asked. `expired` is
 * `anonymous` for somebody who was signed in a moment ago and did not sign out.
 */
export type SessionState = 'unknown' | 'anonymous' | 'expired' | 'signed_in' | 'unreachable';

/** Says only that somebody signed in here: without it nobody need be asked. The cookie decides. */
const HINT = 'convergio.signed_in';

export class Session {
  state = $state<SessionState>('unknown');
  signed = $state.raw<Signed | null>(null);
  failure = $state.raw<ApiFailure | null>(null);
  readonly api: Api;
  readonly tabs: Tabs;

  constructor(fetcher?: typeof fetch, tabs = new Tabs()) {
    this.api = new Api(
      {
        csrf: () => this.signed?.csrf ?? null,
        signedOut: () => this.#end('expired')
      },
      fetcher
    );
    this.tabs = tabs;
    // Another tab signed in, out, or as somebody else: what this one shows may be another's.
    tabs.on('session', () => void this.restore());
  }

  may(permission: Permission): boolean {
    return this.signed?.permissions.includes(permission) ?? false;
  }

  /** Asks the gateway who we are, when there is reason to think that we are somebody. */
  async restore(): Promise<void> {
    if (localStorage.getItem(HINT) === null) {
      this.#end('anonymous');
      return;
    }
    try {
      this.#begin(await this.api.session());
    } catch (thrown) {
      const failure = ApiFailure.of(thrown);
      if (failure.kind === 'signed_out') {
        this.#end('expired');
      } else {
        this.failure = failure;
        this.state = 'unreachable';
      }
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    this.#begin(await this.api.signIn(email, password));
    this.tabs.tell('session');
  }

  async setUp(request: SetupRequest): Promise<void> {
    this.#begin(await this.api.setup(request));
    this.tabs.tell('session');
  }

  async signOut(): Promise<void> {
    await this.api.signOut();
    this.#end('anonymous');
    this.tabs.tell('session');
  }

  /** What happens here ended every session of this person, this one among them. */
  ended(): void {
    this.#end('expired');
    this.tabs.tell('session');
  }

  #begin(signed: Signed): void {
    localStorage.setItem(HINT, '1');
    this.signed = signed;
    this.failure = null;
    this.state = 'signed_in';
  }

  #end(state: 'anonymous' | 'expired'): void {
    localStorage.removeItem(HINT);
    this.signed = null;
    this.failure = null;
    this.state = state;
  }
}

const KEY = Symbol('session');

export function provideSession(session: Session): Session {
  return setContext(KEY, session);
}

export function useSession(): Session {
  return getContext<Session>(KEY);
}
