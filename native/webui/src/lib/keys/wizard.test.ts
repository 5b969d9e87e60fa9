import { beforeEach, describe, expect, it, vi } from 'vitest';
import { key } from '../../testing/api';
import { ApiFailure } from '../api/failure';
import type { Provider } from '../api/types';
import { loadDraft, reachable } from './draft';
import { Wizard, type Lock } from './wizard.svelte';

const SECRET = 'sk-proj-abcdefghijklmnopqrstuvwxyz';
const openai: Provider = {
  name: 'openai',
  title: 'OpenAI',
  needs_endpoint: false,
  fields: [],
  models: []
};
const free: Lock = async (work) => {
  await work();
  return true;
};

function fakeApi() {
  return {
    keys: vi.fn(async () => [] as ReturnType<typeof key>[]),
    checkKey: vi.fn(async () => ({ outcome: 'ok', message: 'fine', models: ['gpt-5'] })),
    addKey: vi.fn(async () => key({ id: 'new' })),
    testKey: vi.fn(async () => ({ outcome: 'ok', message: '', models: [] }))
  };
}

function wizard(api = fakeApi(), lock = free) {
  const one = new Wizard(api, 'u1', sessionStorage, lock);
  one.choose(openai, ['OpenAI']);
  one.pasted = ` "${SECRET}" `;
  return { wizard: one, api };
}

beforeEach(() => sessionStorage.clear());

describe('adding a key', () => {
  it('tests the cleaned key, then stores it under a free name', async () => {
    const { wizard: one, api } = wizard();
    expect(await one.check()).toBe(true);
    expect(await one.save()).toBe(true);
    expect(api.checkKey).toHaveBeenCalledWith({ provider: 'openai', secret: SECRET });
    expect(api.addKey).toHaveBeenCalledWith({
      provider: 'openai',
      secret: SECRET,
      name: 'OpenAI 2'
    });
    expect(one.stored?.id).toBe('new');
    expect(api.testKey).toHaveBeenCalledWith('new');
  });

  it('sends the monthly limit along, and nothing while it cannot be read', async () => {
    const { wizard: one, api } = wizard();
    await one.check();
    one.draft.limit = 'ten';
    expect(await one.save()).toBe(false);
    expect(api.addKey).not.toHaveBeenCalled();
    one.draft.limit = '12,50';
    expect(await one.save()).toBe(true);
    expect(api.addKey).toHaveBeenCalledWith(
      expect.objectContaining({ monthly_limit_nano_usd: 12_500_000_000 })
    );
  });

  it('never writes the key to the browser, at any step', async () => {
    const written: string[] = [];
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation((_, value) => {
      written.push(value);
    });
    const { wizard: one } = wizard();
    await one.check();
    await one.save();
    expect(written.length).toBeGreaterThan(0);
    expect(written.join()).not.toContain(SECRET.slice(8));
  });

  it('forgets the key as soon as it is stored', async () => {
    const { wizard: one } = wizard();
    await one.check();
    await one.save();
    expect(one.pasted).toBe('');
  });

  it('stores once, however often it is told to', async () => {
    const { wizard: one, api } = wizard();
    await one.check();
    await Promise.all([one.save(), one.save(), one.save()]);
    expect(api.addKey).toHaveBeenCalledOnce();
  });

  it('stores nothing while another tab is storing', async () => {
    const { wizard: one, api } = wizard(fakeApi(), async () => false);
    await one.check();
    expect(await one.save()).toBe(false);
    expect(one.elsewhere).toBe(true);
    expect(api.addKey).not.toHaveBeenCalled();
  });

  it('sends nothing that is plainly no key', async () => {
    const { wizard: one, api } = wizard();
    one.pasted = 'sk-proj-abc...xyz';
    expect(await one.check()).toBe(false);
    expect(api.checkKey).not.toHaveBeenCalled();
  });

  it.each([
    ['auth.invalid', false],
    ['request.not_found', false],
    ['provider.rate_limited', true],
    ['provider.unavailable', true]
  ])('after a test that ends with %s goes on: %s', async (outcome, goes) => {
    const api = fakeApi();
    api.checkKey.mockResolvedValue({ outcome, message: '', models: [] });
    expect(await wizard(api).wizard.check()).toBe(goes);
  });

  it('finds the key that was stored although the answer was lost', async () => {
    const api = fakeApi();
    api.addKey.mockRejectedValue(ApiFailure.offline(null));
    api.keys.mockResolvedValue([key({ id: 'there', name: 'OpenAI 2' })]);
    const { wizard: one } = wizard(api);
    await one.check();
    expect(await one.save()).toBe(true);
    expect(one.stored?.id).toBe('there');
  });

  it('after a reload in the middle of storing knows whether it was stored', async () => {
    const api = fakeApi();
    api.addKey.mockReturnValue(new Promise(() => {}));
    const { wizard: before } = wizard(api);
    await before.check();
    void before.save();
    await vi.waitFor(() => expect(api.addKey).toHaveBeenCalled());

    api.keys.mockResolvedValue([key({ id: 'there', name: 'OpenAI 2' })]);
    const after = new Wizard(api, 'u1', sessionStorage, free);
    await after.resume();
    expect(after.stored?.id).toBe('there');
    expect(reachable(after.draft, 'key', false)).toBe('done');
    expect(api.addKey).toHaveBeenCalledOnce();
  });

  it('after a reload before anything was sent asks for the key again', async () => {
    const { wizard: before } = wizard();
    await before.check();
    const after = new Wizard(fakeApi(), 'u1', sessionStorage, free);
    await after.resume();
    expect(after.draft.provider).toBe('openai');
    expect(reachable(after.draft, 'models', after.checked !== null)).toBe('key');
  });

  it('keeps what was refused on the screen and may be tried again', async () => {
    const api = fakeApi();
    api.addKey.mockRejectedValueOnce(new ApiFailure('conflict', 'the name is taken', 409));
    const { wizard: one } = wizard(api);
    await one.check();
    expect(await one.save()).toBe(false);
    expect(one.failure?.message).toBe('the name is taken');
    one.draft.name = 'Another';
    expect(await one.save()).toBe(true);
  });
});

describe('a draft', () => {
  it('is nobody else’s', () => {
    wizard();
    expect(loadDraft(sessionStorage, 'u1').provider).toBe('openai');
    expect(loadDraft(sessionStorage, 'u2').provider).toBeNull();
  });

  it('that cannot be read is an empty one', () => {
    sessionStorage.setItem('convergio.key_draft', '{"provider":7}');
    expect(loadDraft(sessionStorage, 'u1').provider).toBeNull();
  });
});
