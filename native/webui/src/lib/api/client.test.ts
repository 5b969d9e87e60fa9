import { describe, expect, it, vi } from 'vitest';
import { failed, fakeFetch, json, signed } from '../../testing/api';
import { Api } from './client';
import { ApiFailure } from './failure';

function api(answers: Parameters<typeof fakeFetch>[0], csrf: string | null = 'csrf-1') {
  const { fetcher, asked } = fakeFetch(answers);
  const signedOut = vi.fn();
  return { api: new Api({ csrf: () => csrf, signedOut }, fetcher), asked, signedOut };
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it succeeded'),
    (thrown: unknown) => thrown as ApiFailure
  );

describe('the client', () => {
  it('sends the CSRF token with what changes something, and only then', async () => {
    const { api: client, asked } = api({
      'GET /api/v1/keys': json({ data: [] }),
      'DELETE /api/v1/keys/k%2F1': json(null, 204)
    });
    await client.keys();
    await client.removeKey('k/1');
    expect(asked.map((one) => one.headers.get('x-csrf-token'))).toEqual([null, 'csrf-1']);
  });

  it('ends the session when the gateway does not know it any more', async () => {
    const { api: client, signedOut } = api({ 'GET /api/v1/keys': failed(401, 'auth.invalid') });
    expect((await failureOf(client.keys())).kind).toBe('signed_out');
    expect(signedOut).toHaveBeenCalledOnce();
  });

  it.each([
    ['a wrong password', 'POST /api/v1/session', (a: Api) => a.signIn('a', 'b')],
    ['having no session', 'GET /api/v1/session', (a: Api) => a.session()]
  ])('does not end a session over %s', async (_, path, call) => {
    const { api: client, signedOut } = api({ [path]: failed(401, 'auth.invalid') });
    await failureOf(call(client));
    expect(signedOut).not.toHaveBeenCalled();
  });

  it.each([
    ['byok.missing_key', {}],
    ['auth.invalid', { provider: { provider: 'openai', status: 401 } }]
  ])('does not end the session over a provider key (%s)', async (code, extra) => {
    const { api: client, signedOut } = api({
      'POST /v1/chat/completions': failed(401, code, extra)
    });
    const failure = await failureOf(client.chat('auto', [], new AbortController().signal));
    expect([failure.kind, failure.code]).toEqual(['failed', code]);
    expect(signedOut).not.toHaveBeenCalled();
  });

  it('knows a gateway that cannot be reached', async () => {
    const { api: client } = api({ 'GET /api/v1/keys': new TypeError('fetch failed') });
    expect((await failureOf(client.keys())).kind).toBe('offline');
  });

  it('says how long to wait', async () => {
    const answer = failed(429, 'rate.limited');
    answer.headers.set('retry-after', '17');
    const { api: client } = api({ 'POST /api/v1/session': answer });
    const failure = await failureOf(client.signIn('a', 'b'));
    expect([failure.kind, failure.retryAfter]).toEqual(['limited', 17]);
  });

  it('survives a page of a proxy in place of an answer', async () => {
    const { api: client } = api({
      'GET /api/v1/keys': new Response('<h1>Bad gateway</h1>', { status: 502 })
    });
    const failure = await failureOf(client.keys());
    expect([failure.kind, failure.status, failure.code]).toEqual(['failed', 502, null]);
  });

  it('names the field that is wrong', async () => {
    const { api: client } = api({
      'POST /api/v1/keys': failed(400, 'request.invalid', { param: 'endpoint' })
    });
    const failure = await failureOf(client.addKey({ provider: 'azure', name: 'a', secret: 's' }));
    expect([failure.kind, failure.param]).toEqual(['invalid', 'endpoint']);
  });

  it('returns what signing in gave', async () => {
    const { api: client } = api({ 'POST /api/v1/session': json(signed) });
    expect(await client.signIn('a', 'b')).toEqual(signed);
  });
});
