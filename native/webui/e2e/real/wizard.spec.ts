/**
 * Each provider's key by the wizard, against the real gateway: refused, limited, its provider down,
 * a reload in the middle; then nothing that the browser or the gateway keeps has any of it.
 */
import { createHash } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, setUp, test } from './base';
import { carriesKeys, foundIn, places, Watch } from './traces';

const PROVIDERS = ['OpenAI', 'Anthropic', 'Google', 'Azure'] as const;
/** Unlike anything else that is written anywhere, and unlike each other. */
const secretOf = (provider: string, use: string) =>
  `sk-sim-${createHash('sha256').update(`${provider} ${use}`).digest('base64url')}`;

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });
const tryKey = (page: Page) => page.getByRole('button', { name: 'Test the key' });
const save = (page: Page) => page.getByRole('button', { name: 'Save the key' });

for (const provider of PROVIDERS) {
  test(`a key of ${provider}`, async ({ page, context, stack }) => {
    const watch = new Watch(context);
    await setUp(page, stack);
    await page.getByRole('link', { name: 'Add your first key' }).click();
    await page.getByRole('button', { name: new RegExp(`^${provider}`) }).click();
    const field = page.getByLabel(new RegExp(`^${provider}.* key$`));
    const secret = secretOf(provider, 'good');
    const check = async (text: string) => {
      await field.fill(text);
      await tryKey(page).click();
    };

    await test.step('a key that the provider does not know', async () => {
      await check(secretOf(provider, 'bad').replace('sk-sim-', 'sk-wrong-'));
      await expect(page.getByRole('alert')).toContainText(`${provider} does not know this key`);
      await expect(save(page)).toBeHidden();
    });

    await test.step('a provider that is down', async () => {
      const down = secretOf(provider, 'down');
      await stack.behave('overloaded', down);
      await check(down);
      await expect(page.getByText(/could not be tested/).first()).toBeVisible();
      await expect(page.getByText(`${provider} cannot be reached at the moment`)).toBeVisible();
      await page.goBack();
    });

    await test.step('a key that the provider limits', async () => {
      const limited = secretOf(provider, 'limited');
      await stack.behave('rate_limited', limited);
      await check(limited);
      await expect(page.getByText(`${provider} knows the key, but is limiting it`)).toBeVisible();
    });

    await test.step('a reload in the middle keeps the name and forgets the key', async () => {
      await page.getByLabel('Name').fill('Biology class');
      await page.getByLabel('Name').blur();
      await page.reload();
      await expect(heading(page, /^Paste your/)).toBeVisible();
      await expect(field).toHaveValue('');
    });

    await test.step('the search sees a key while it is there', async () => {
      await field.fill(secret);
      // The positive control: what is typed is in its field, and nowhere else.
      expect(foundIn(await places(page, context, watch), secret)).toEqual(['fields']);
    });

    await test.step('the key is tested and stored, once', async () => {
      await tryKey(page).click();
      await expect(heading(page, 'Your key works')).toBeVisible();
      await expect(page.getByLabel('Name')).toHaveValue('Biology class');
      // Only the memory of the page has it now.
      expect(foundIn(await places(page, context, watch), secret)).toEqual([]);
      await save(page).dblclick();
      await expect(heading(page, 'You are ready')).toBeVisible();
      await expect(page.getByText(`ending in ${secret.slice(-4)}`)).toBeVisible();
      const stored = watch.calls.filter((call) => call.name === 'POST /api/v1/keys');
      expect(stored).toHaveLength(1);
    });

    await test.step('no trace of any key is left', async () => {
      for (const use of ['good', 'down', 'limited']) {
        const one = secretOf(provider, use);
        expect(foundIn(await places(page, context, watch), one), use).toEqual([]);
        expect(foundIn({ log: stack.said, link: page.url() }, one), use).toEqual([]);
      }
      // And each of them did go out, by the calls that are for it and by no other.
      const carried = watch.calls.filter((call) => foundIn({ body: call.body }, secret).length > 0);
      expect(carried.map((call) => call.name)).toEqual([
        'POST /api/v1/keys/check',
        'POST /api/v1/keys'
      ]);
      expect(carried.every((call) => carriesKeys(call.name))).toBe(true);
    });

    await test.step('Back, and the list of keys, show none of it', async () => {
      await page.getByRole('link', { name: 'See your keys' }).click();
      const card = page.getByRole('article', { name: 'Biology class' });
      await expect(card.getByText(`…${secret.slice(-4)}`)).toBeVisible();
      await page.goBack();
      await expect(page.getByRole('main')).toBeVisible();
      expect(foundIn(await places(page, context, watch), secret)).toEqual([]);
    });
  });
}

test('the search finds what was planted in each place', async ({ page, context, stack }) => {
  const watch = new Watch(context);
  await setUp(page, stack);
  const secret = secretOf('OpenAI', 'planted');
  await page.evaluate(async (text) => {
    document.body.dataset.planted = text;
    localStorage.setItem('planted', btoa(text));
    sessionStorage.setItem('planted', text.slice(0, 20));
    document.cookie = `planted=${encodeURIComponent(text)}`;
    history.replaceState({ planted: text }, '', `#${text}`);
    window.name = text;
    console.log(text);
    await new Promise((done, fail) => {
      const open = indexedDB.open('planted', 1);
      open.onupgradeneeded = () => open.result.createObjectStore('rows').put(text, 1);
      open.onsuccess = () => done(open.result.close());
      open.onerror = () => fail(open.error);
    });
    await (await fetch('/api/v1/me', { headers: { 'x-planted': text } })).text();
  }, secret);
  expect(foundIn(await places(page, context, watch), secret).sort()).toEqual(
    [
      ...['IndexedDB', 'address', 'console', 'cookies', 'document', 'history', 'local storage'],
      ...['network', 'session storage', 'window name']
    ].sort()
  );
});
