/** Test doubles: answers of the gateway, and what it was asked. */
import type { Key, KeyVersion, UsageGroup } from '$lib/api/types';

export interface Asked {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

type Answer = Response | Error | (() => Response | Promise<Response>);

/** A `fetch` that answers what it is told, in that order for each path, and remembers what it was asked. */
export function fakeFetch(answers: Record<string, Answer | Answer[]>) {
  const asked: Asked[] = [];
  const fetcher = async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const path = String(input);
    const method = init.method ?? 'GET';
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
    asked.push({ method, path, headers: new Headers(init.headers), body });
    const given = answers[`${method} ${path}`];
    const answer = Array.isArray(given) ? given.shift() : given;
    if (answer === undefined) throw new Error(`no answer for ${method} ${path}`);
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? answer() : answer.clone();
  };
  return { fetcher: fetcher as typeof fetch, asked };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers }
  });
}

export function failed(status: number, code: string, extra: Record<string, unknown> = {}) {
  return json(
    { error: { message: `it is ${code}`, type: 'x', param: null, code, ...extra } },
    status
  );
}

export const signed = {
  user: { id: 'u1', email: 'ada@example.org', role: 'admin' as const },
  tenant: { id: 't1', name: 'School' },
  permissions: ['chat', 'own_keys', 'own_usage'] as ('chat' | 'own_keys' | 'own_usage')[],
  csrf: 'csrf-1',
  expires_at: 2_000_000_000_000
};

export function version(change: Partial<KeyVersion> = {}): KeyVersion {
  return {
    version: 1,
    state: 'active',
    fingerprint: '0123456789abcdef',
    last_four: 'wxyz',
    created_at: 0,
    overlap_until: null,
    revoked_at: null,
    due_at: null,
    stage: null,
    ...change
  };
}

export function key(change: Partial<Key> = {}): Key {
  return {
    id: 'k1',
    provider: 'openai',
    name: 'OpenAI',
    user: 'u1',
    endpoint: null,
    created_at: 0,
    tested_at: 1,
    test_outcome: 'ok',
    versions: [version()],
    usage_30d: { requests: 0, cost_nano_usd: 0 },
    monthly_limit_nano_usd: null,
    month: { since: 0, cost_nano_usd: 0, left_nano_usd: null, level: null },
    ...change
  };
}

export function group(name: string, change: Partial<UsageGroup> = {}): UsageGroup {
  return {
    group: name,
    label: name,
    requests: 1,
    attempts: 1,
    input_tokens: 10,
    cached_tokens: 0,
    cache_write_tokens: 0,
    output_tokens: 5,
    reasoning_tokens: 0,
    cost_nano_usd: 100,
    estimated: 0,
    ...change
  };
}
