/**
 * The only place that talks to the gateway. Same origin, session cookie, CSRF token with all that
 * changes something; what is no success is thrown as an `ApiFailure`.
 */
import { ApiFailure } from './failure';
import type {
  AuditCheck,
  AuditRow,
  Beginning,
  ChatMessage,
  Checked,
  Key,
  KeyToCheck,
  Model,
  NewKey,
  Person,
  Provider,
  Reminder,
  Role,
  Scope,
  Session,
  Settings,
  SetupRequest,
  Token,
  Usage,
  UsageBy
} from './types';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiHooks {
  /** The token of the session that is there, if one is. */
  csrf(): string | null;
  /** The gateway does not know the session any more. */
  signedOut(): void;
}

interface List<T> {
  data: T[];
}

export interface Page<T> extends List<T> {
  next: string | number | null;
}

export class Api {
  readonly #hooks: ApiHooks;
  readonly #fetch: typeof fetch;

  constructor(hooks: ApiHooks, fetcher: typeof fetch = (...args) => fetch(...args)) {
    this.#hooks = hooks;
    this.#fetch = fetcher;
  }

  /** What there is to know before anybody has signed in. */
  beginning = () => this.#json<Beginning>('GET', '/setup');
  setup = (body: SetupRequest) => this.#json<Session>('POST', '/setup', body);

  // A refusal here says that a password is wrong or that nobody is signed in: no session ends by it.
  signIn = (email: string, password: string) =>
    this.#json<Session>('POST', '/session', { email, password }, { quiet: true });
  session = () => this.#json<Session>('GET', '/session', undefined, { quiet: true });
  signOut = () => this.#none('DELETE', '/session');

  changePassword = (old: string, next: string) =>
    this.#none('PUT', '/me/password', { old, new: next }, { quiet: true });

  providers = async () => (await this.#json<List<Provider>>('GET', '/providers')).data;

  keys = async () => (await this.#json<List<Key>>('GET', '/keys')).data;
  checkKey = (key: KeyToCheck) => this.#json<Checked>('POST', '/keys/check', key);
  addKey = (key: NewKey) => this.#json<Key>('POST', '/keys', key);
  renameKey = (id: string, name: string) => this.#json<Key>('PATCH', `/keys/${esc(id)}`, { name });
  limitKey = (id: string, monthly_limit_nano_usd: number | null) =>
    this.#json<Key>('PATCH', `/keys/${esc(id)}`, { monthly_limit_nano_usd });
  testKey = (id: string) => this.#json<Checked>('POST', `/keys/${esc(id)}/test`, {});
  rotateKey = (id: string, secret: string, overlap_hours: number) =>
    this.#json<Key>('POST', `/keys/${esc(id)}/rotate`, { secret, overlap_hours });
  revokeKey = (id: string, version?: number) =>
    this.#json<Key>('POST', `/keys/${esc(id)}/revoke`, version === undefined ? {} : { version });
  removeKey = (id: string) => this.#none('DELETE', `/keys/${esc(id)}`);
  reminders = async () => (await this.#json<List<Reminder>>('GET', '/reminders')).data;

  usage = (by: UsageBy, from: number, to: number) =>
    this.#json<Usage>('GET', `/usage?by=${by}&from=${from}&to=${to}`);

  people = async () => (await this.#json<List<Person>>('GET', '/people')).data;
  addPerson = (email: string, password: string, role: Role) =>
    this.#json<Person>('POST', '/people', { email, password, role });
  changePerson = (id: string, change: { role?: Role; disabled?: boolean }) =>
    this.#json<Person>('PATCH', `/people/${esc(id)}`, change);

  tokens = async () => (await this.#json<List<Token>>('GET', '/tokens')).data;
  addToken = (name: string, scopes: Scope[]) =>
    this.#json<Token & { token: string }>('POST', '/tokens', { name, scopes });
  revokeToken = (id: string) => this.#none('DELETE', `/tokens/${esc(id)}`);

  settings = () => this.#json<Settings>('GET', '/settings');
  changeSettings = (change: Partial<Settings>) => this.#json<Settings>('PUT', '/settings', change);

  audit = (query: URLSearchParams) => this.#json<Page<AuditRow>>('GET', `/audit?${query}`);
  verifyAudit = () => this.#json<AuditCheck>('GET', '/audit/verify');

  models = async () => ((await (await this.#send('GET', '/v1/models')).json()) as List<Model>).data;

  /** The answer to a conversation, as a response whose body is an event stream. */
  chat = (model: string, messages: ChatMessage[], signal: AbortSignal) =>
    this.#send(
      'POST',
      '/v1/chat/completions',
      { model, messages, stream: true, stream_options: { include_usage: true } },
      { signal }
    );

  async #json<T>(method: Method, path: string, body?: unknown, options: SendOptions = {}) {
    const response = await this.#send(method, `/api/v1${path}`, body, options);
    return (await response.json()) as T;
  }

  async #none(method: Method, path: string, body?: unknown, options?: SendOptions): Promise<void> {
    await this.#send(method, `/api/v1${path}`, body, options);
  }

  async #send(method: Method, path: string, body?: unknown, options: SendOptions = {}) {
    const headers = new Headers({ accept: 'application/json' });
    if (body !== undefined) headers.set('content-type', 'application/json');
    const csrf = this.#hooks.csrf();
    if (method !== 'GET' && csrf !== null) headers.set('x-csrf-token', csrf);
    let response: Response;
    try {
      response = await this.#fetch(path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: options.signal ?? null,
        credentials: 'same-origin',
        redirect: 'error'
      });
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
      throw ApiFailure.offline(cause);
    }
    if (response.ok) return response;
    const failure = await ApiFailure.from(response);
    if (failure.kind === 'signed_out' && !options.quiet) this.#hooks.signedOut();
    throw failure;
  }
}

/** Where a table for spreadsheets can be fetched by a plain link: the session's cookie goes along. */
export const tables = {
  usage: (from: number, to: number) => `/api/v1/usage/events?format=csv&from=${from}&to=${to}`,
  audit: (kind: string) => `/api/v1/audit?format=csv${kind && `&kind=${esc(kind)}`}`
};

interface SendOptions {
  signal?: AbortSignal;
  /** A refusal does not end the session that is there. */
  quiet?: boolean;
}

const esc = encodeURIComponent;
