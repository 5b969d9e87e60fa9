/**
 * A double of the gateway: serves the built client and answers `/api/v1` and `/v1` as the contract
 * says, with state. What a test wants to go wrong it says in `faults`. For these tests only.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditRow, Key, Person, Session, Settings, Token } from '../../src/lib/api/types';
import { isApi, serveFile } from './files';
import { answerTo, MODELS, PERMISSIONS, PROVIDERS, usageOf } from './data';

export interface Faults {
  /** A call, as `METHOD /path` with `…` for ids, to the status and code that it answers. */
  refuse: Record<string, [status: number, code: string, param?: string]>;
  /** Calls that are held until the promise is kept. */
  hold: Record<string, Promise<void>>;
  /** Calls whose connection breaks, as when the gateway cannot be reached. */
  drop: Set<string>;
  /** The stream of a chat ends so. */
  stream?: 'truncated' | 'error' | 'endless';
}

export interface Call {
  /** `METHOD /path`, with `…` for ids. */
  name: string;
  method: string;
  path: string;
  body: Record<string, unknown> | null;
  csrf: string | null;
}

/** The token of a session that is there without anybody having signed in. */
export const SIGNED_IN = 'signed-in';

export class Gateway {
  faults: Faults = { refuse: {}, hold: {}, drop: new Set() };
  calls: Call[] = [];
  setupToken: string | null = null;
  /** All of it is a demo. */
  demo = false;
  role: Session['user']['role'] = 'admin';
  keys: Key[] = [];
  tokens: Token[] = [];
  people: Person[] = [];
  auditRows: AuditRow[] = [];
  settings: Settings = { keys_max_age_days: 90, requests_per_minute: null };
  used = false;
  readonly #sessions = new Set([SIGNED_IN]);

  /** `url` is where it is reached. */
  constructor(readonly url: string) {}

  /** Sessions end; cookies that were given are worth nothing. */
  endSessions(): void {
    this.#sessions.clear();
  }

  session(): Session {
    return {
      user: { id: 'user-1', email: 'ada@scuola.example', role: this.role },
      tenant: { id: 'tenant-1', name: 'Liceo Galilei' },
      permissions: PERMISSIONS[this.role],
      csrf: 'csrf-token',
      expires_at: Date.now() + 3_600_000,
      ...(this.demo ? { demo: true } : {})
    };
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (!isApi(pathname)) {
      serveFile(pathname, response);
      return;
    }
    const method = request.method ?? 'GET';
    const path = pathname.replace('/api/v1', '');
    const body = await bodyOf(request);
    const csrf = request.headers['x-csrf-token'];
    const call = `${method} ${path.replace(/[0-9a-f-]{36}/, '…')}`;
    this.calls.push({
      name: call,
      method,
      path,
      body,
      csrf: typeof csrf === 'string' ? csrf : null
    });
    if (this.faults.drop.has(call)) {
      request.socket.destroy();
      return;
    }
    await this.faults.hold[call];
    const refusal = this.faults.refuse[call];
    if (refusal) {
      refuse(response, ...refusal);
      return;
    }
    const open = ['/setup', '/session'].includes(path) && method !== 'DELETE';
    const token = /convergio_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    const known = token !== undefined && this.#sessions.has(token);
    if (!known && !(open && !(path === '/session' && method === 'GET'))) {
      refuse(response, 401, 'auth.invalid');
      return;
    }
    if (!open && method !== 'GET' && csrf !== 'csrf-token') {
      refuse(response, 403, 'auth.forbidden');
      return;
    }
    this.#answer(method, path, searchParams, body ?? {}, response);
  }

  #answer(
    method: string,
    path: string,
    query: URLSearchParams,
    body: Record<string, unknown>,
    response: ServerResponse
  ): void {
    const [, kind, id, verb] = path.split('/');
    const key = this.keys.find((one) => one.id === id);
    switch (`${method} /${kind}${id ? '/…' : ''}${verb ? `/${verb}` : ''}`) {
      case 'GET /setup':
        return send(response, 200, {
          needed: this.setupToken !== null,
          ...(this.demo ? { demo: true } : {})
        });
      case 'POST /setup':
        if (body.token !== this.setupToken) return refuse(response, 409, 'request.conflict');
        this.setupToken = null;
        return this.#begin(response, 201);
      case 'POST /session':
        if (body.password !== 'correct horse battery') return refuse(response, 401, 'auth.invalid');
        return this.#begin(response, 200);
      case 'GET /session':
        return send(response, 200, this.session());
      case 'DELETE /session':
        this.#sessions.clear();
        return send(response, 204);
      case 'PUT /me/…':
        if (body.old !== 'correct horse battery') return refuse(response, 401, 'auth.invalid');
        this.#sessions.clear();
        return send(response, 204);
      case 'GET /providers':
        return send(response, 200, { data: PROVIDERS });
      case 'GET /keys':
        return send(response, 200, { data: this.keys });
      case 'POST /keys':
        return this.#add(body, response);
      case 'POST /keys/…': // check
        return send(response, 200, outcomeOf(String(body.secret)));
      case 'PATCH /keys/…':
        if (key && 'name' in body) key.name = String(body.name);
        if (key && 'monthly_limit_nano_usd' in body) {
          limit(key, body.monthly_limit_nano_usd as number | null);
        }
        return send(response, 200, key);
      case 'POST /keys/…/test':
        return send(response, 200, { outcome: 'ok', message: 'it is ok', models: MODELS.openai });
      case 'POST /keys/…/rotate':
        if (key) rotate(key, String(body.secret), Number(body.overlap_hours));
        return send(response, 200, key);
      case 'POST /keys/…/revoke':
        for (const version of key?.versions ?? []) {
          version.state = 'revoked';
          version.revoked_at = Date.now();
        }
        return send(response, 200, key);
      case 'DELETE /keys/…':
        this.keys = this.keys.filter((one) => one !== key);
        return send(response, 204);
      case 'GET /usage':
        return send(response, 200, usageOf(query, this.used, this.keys));
      case 'GET /tokens':
        return send(response, 200, { data: this.tokens });
      case 'POST /tokens': {
        const token = tokenOf(String(body.name), body.scopes as Token['scopes']);
        this.tokens.push(token);
        return send(response, 201, { ...token, token: 'cvg_shownonceandneveragain' });
      }
      case 'DELETE /tokens/…':
        this.tokens = this.tokens.filter((token) => token.id !== id);
        return send(response, 204);
      case 'GET /people':
        return send(response, 200, { data: this.people });
      case 'POST /people': {
        const person = { id: randomUUID(), email: String(body.email), role: body.role };
        this.people.push({ ...person, created_at: Date.now(), disabled_at: null } as Person);
        return send(response, 201, this.people.at(-1));
      }
      case 'GET /settings':
        return send(response, 200, this.settings);
      case 'PUT /settings':
        this.settings = { ...this.settings, ...body };
        return send(response, 200, this.settings);
      case 'GET /audit':
        return send(response, 200, { data: this.auditRows, next: null });
      case 'GET /audit/…':
        return send(response, 200, { ok: true, rows: 1234, head: 'ab', broken: null });
      case 'GET /v1/…':
        return send(response, 200, { object: 'list', data: modelList() });
      case 'POST /v1/…/completions':
        return this.#stream(body, response);
      default:
        return refuse(response, 404, 'request.not_found');
    }
  }

  #begin(response: ServerResponse, status: number): void {
    const token = randomUUID();
    this.#sessions.add(token);
    response.setHeader(
      'set-cookie',
      `convergio_session=${token}; HttpOnly; SameSite=Strict; Path=/`
    );
    send(response, status, this.session());
  }

  #add(body: Record<string, unknown>, response: ServerResponse): void {
    const { provider, name, secret } = body as Record<'provider' | 'name' | 'secret', string>;
    if (this.keys.some((key) => key.name === name && key.provider === provider)) {
      return refuse(response, 409, 'request.conflict', 'name');
    }
    const key = keyOf(provider, name, secret);
    limit(key, (body.monthly_limit_nano_usd ?? null) as number | null);
    this.keys.push(key);
    send(response, 201, key);
  }

  #stream(body: Record<string, unknown>, response: ServerResponse): void {
    const model = body.model === 'auto' ? 'gpt-5-mini' : String(body.model);
    const messages = body.messages as { content: string }[];
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'x-convergio-provider': 'openai',
      'x-convergio-model': model,
      'x-convergio-credential-source': 'user'
    });
    const line = (data: unknown) => response.write(`data: ${JSON.stringify(data)}\n\n`);
    for (const word of answerTo(messages.at(-1)?.content ?? '').split(/(?<=\s)/)) {
      line({ choices: [{ delta: { content: word } }] });
    }
    if (this.faults.stream === 'endless') return;
    if (this.faults.stream === 'error') {
      line({ error: { message: 'it failed', code: 'provider.unavailable' } });
    }
    if (this.faults.stream === undefined) {
      const receipt = {
        provider: 'openai',
        model,
        credential_source: 'user',
        cost_nano_usd: 412_000
      };
      line({ choices: [{ delta: {}, finish_reason: 'stop' }] });
      line({ choices: [], convergio: receipt });
      response.write('data: [DONE]\n\n');
    }
    response.end();
  }
}

function send(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, param?: string): void {
  const message =
    code === 'request.conflict' ? 'this name is taken; choose another' : `it is ${code}`;
  if (status === 429) response.setHeader('retry-after', '30');
  send(response, status, { error: { message, type: 'x', param: param ?? null, code } });
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown> | null> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text === '' ? null : (JSON.parse(text) as Record<string, unknown>);
}

/** Keys say by their own words how their test ends. */
function outcomeOf(secret: string) {
  const outcome = secret.includes('bad')
    ? 'auth.invalid'
    : secret.includes('limited')
      ? 'provider.rate_limited'
      : secret.includes('down')
        ? 'provider.unavailable'
        : 'ok';
  const models = outcome === 'ok' ? MODELS.openai : [];
  return { outcome, message: `it is ${outcome}`, models };
}

const DAY = 86_400_000;

/** A key that was added `age` days before `now`. */
export function keyOf(
  provider: string,
  name: string,
  secret: string,
  now = Date.now(),
  age = 0
): Key {
  const at = now - age * DAY;
  return {
    id: randomUUID(),
    provider,
    name,
    user: 'user-1',
    endpoint: null,
    created_at: at,
    tested_at: at,
    test_outcome: 'ok',
    versions: [versionOf(1, secret, at, now)],
    usage_30d: { requests: 0, cost_nano_usd: 0 },
    monthly_limit_nano_usd: null,
    month: { since: at, cost_nano_usd: 0, left_nano_usd: null, level: null }
  };
}

/** Sets, changes or takes away what may be spent with it in a month. */
export function limit(key: Key, most: number | null): void {
  const spent = key.month.cost_nano_usd;
  key.monthly_limit_nano_usd = most;
  key.month.left_nano_usd = most === null ? null : Math.max(0, most - spent);
  const [alert, cheaper] = most === null ? [0, 0] : [most * 0.8, most * 0.9];
  key.month.level =
    most === null
      ? null
      : spent >= most
        ? 'blocked'
        : spent >= cheaper
          ? 'cheaper'
          : spent >= alert
            ? 'alert'
            : 'normal';
}

function versionOf(version: number, secret: string, at: number, now = at): Key['versions'][number] {
  return {
    version,
    state: 'active',
    fingerprint: '9f2c41d07ab35e68',
    last_four: secret.slice(-4),
    created_at: at,
    overlap_until: null,
    revoked_at: null,
    due_at: at + 90 * DAY,
    stage: at + 76 * DAY < now ? 'due_in_14_days' : null
  };
}

function rotate(key: Key, secret: string, hours: number): void {
  for (const version of key.versions) {
    version.state = hours === 0 ? 'revoked' : 'overlapping';
    version.overlap_until = Date.now() + hours * 3_600_000;
  }
  key.versions.push(versionOf(key.versions.length + 1, secret, Date.now()));
}

function tokenOf(name: string, scopes: Token['scopes']): Token {
  return {
    id: randomUUID(),
    name,
    scopes,
    created_at: Date.now(),
    expires_at: null,
    last_used_at: null,
    revoked_at: null
  };
}

function modelList() {
  const models = Object.entries(MODELS).flatMap(([provider, ids]) =>
    ids.map((id) => ({ id, owned_by: provider, convergio: { provider } }))
  );
  const vectors = { id: 'text-embedding-3-small', owned_by: 'openai' };
  return [
    { id: 'auto', owned_by: 'convergio' },
    ...models,
    { ...vectors, convergio: { provider: 'openai', serves: 'embeddings' } }
  ];
}
