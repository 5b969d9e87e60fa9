/** What opens on a screen: the steps of the wizard, the dialogs, the chat in its states. */
import type { Page } from '@playwright/test';
import { expect, open, OPENAI_KEY, test } from '../support/base';
import type { Gateway } from '../support/double';
import { lived } from '../support/places';
import { flaws } from './flaws';

test.use({ refusals: true });

test.describe('/keys/new', () => {
  const field = (page: Page) => page.getByLabel('OpenAI key');
  async function toKey(page: Page, gateway: Gateway, provider = /OpenAI/) {
    await open(page, gateway, '/keys/new');
    await page.getByRole('button', { name: provider }).click();
  }
  async function check(page: Page, secret: string) {
    await field(page).fill(secret);
    await page.getByRole('button', { name: 'Test the key' }).click();
  }

  test('pasting the key', async ({ page, gateway }) => {
    await toKey(page, gateway);
    await expect(field(page)).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('pasting the key of Azure', async ({ page, gateway }) => {
    await toKey(page, gateway, /Azure/);
    await page.locator('summary').click();
    await expect(page.getByLabel('Region')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('a text that is no key', async ({ page, gateway }) => {
    await toKey(page, gateway);
    await check(page, 'sk-proj-abc...wxyz');
    await expect(field(page)).toHaveAccessibleDescription(/shortened form/);
    expect(await flaws(page)).toEqual([]);
  });

  test('being tested', async ({ page, gateway }) => {
    let go: () => void = () => {};
    gateway.faults.hold['POST /keys/check'] = new Promise((done) => (go = done));
    await toKey(page, gateway);
    await check(page, OPENAI_KEY);
    await expect(page.getByRole('button', { name: 'Asking OpenAI…' })).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    go();
    await expect(page.getByRole('heading', { name: 'Your key works' })).toBeVisible();
  });

  for (const [state, secret, words] of [
    ['refused', 'sk-proj-bad-aaaabbbbccccdddd', 'does not know this key'],
    ['limited', 'sk-proj-limited-aaaabbbbccccdddd', 'is limiting it right now'],
    ['its provider is down', 'sk-proj-down-aaaabbbbccccdddd', 'cannot be reached at the moment'],
    ['found good', OPENAI_KEY, '4 models are open to this key']
  ] as const) {
    test(state, async ({ page, gateway }) => {
      await toKey(page, gateway);
      await check(page, secret);
      await expect(page.getByText(words)).toBeVisible();
      expect(await flaws(page)).toEqual([]);
    });
  }

  test('a test that failed', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /keys/check'] = [500, 'internal'];
    await toKey(page, gateway);
    await check(page, OPENAI_KEY);
    await expect(page.getByRole('alert')).toContainText('Convergio made a mistake');
    expect(await flaws(page)).toEqual([]);
  });

  test('a name that is taken', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /keys'] = [409, 'request.conflict', 'name'];
    await toKey(page, gateway);
    await check(page, OPENAI_KEY);
    await page.getByRole('button', { name: 'Save the key' }).click();
    await expect(page.getByLabel('Name')).toHaveAccessibleDescription(/this name is taken/);
    expect(await flaws(page)).toEqual([]);
  });

  test('stored', async ({ page, gateway }) => {
    await toKey(page, gateway);
    await check(page, OPENAI_KEY);
    await page.getByRole('button', { name: 'Save the key' }).click();
    await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });
});

test.describe('dialogs', () => {
  for (const [path, button] of [
    ['/keys', 'Test'],
    ['/keys', 'Rename'],
    ['/keys', 'Replace'],
    ['/keys', 'Revoke'],
    ['/connect', 'New token'],
    ['/connect', 'Revoke'],
    ['/people', 'Add a person'],
    ['/people', 'Change'],
    ['/settings', 'Change password']
  ] as const) {
    test(`${path}: ${button}`, async ({ page, gateway }) => {
      lived(gateway);
      await open(page, gateway, path);
      await page.getByRole('button', { name: button, exact: true }).first().click();
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await flaws(page)).toEqual([]);
    });
  }

  test('what they refuse, they say', async ({ page, gateway }) => {
    lived(gateway);
    gateway.faults.refuse['PATCH /keys/…'] = [409, 'request.conflict', 'name'];
    await open(page, gateway, '/keys');
    await page.getByRole('button', { name: 'Rename' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
    const name = page.getByRole('dialog').getByLabel('Name');
    await expect(name).toHaveAccessibleDescription(/this name is taken/);
    expect(await flaws(page)).toEqual([]);
  });

  test('the places that a small screen has no room for', async ({ page, gateway }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await open(page, gateway, '/keys');
    await page.getByRole('button', { name: 'More' }).click();
    await expect(page.getByRole('dialog').getByRole('link', { name: 'People' })).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });
});

test.describe('/ in a conversation', () => {
  async function ask(page: Page, gateway: Gateway, question = 'How does photosynthesis work?') {
    lived(gateway);
    await open(page, gateway, '/');
    await page.getByLabel('Your question').fill(question);
    await page.getByLabel('Your question').press('Enter');
  }

  test('answered', async ({ page, gateway }) => {
    await ask(page, gateway);
    await expect(page.getByText('$0.00041')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    await page.getByRole('button', { name: 'History' }).click();
    await expect(page.getByRole('link', { name: /How does photosynthesis/ })).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('waiting', async ({ page, gateway }) => {
    let go: () => void = () => {};
    gateway.faults.hold['POST /v1/chat/completions'] = new Promise((done) => (go = done));
    await ask(page, gateway);
    await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    go();
    await expect(page.getByText('$0.00041')).toBeVisible();
  });

  test('broken off', async ({ page, gateway }) => {
    gateway.faults.stream = 'truncated';
    await ask(page, gateway);
    await expect(page.getByRole('alert')).toContainText('broke off before its end');
    expect(await flaws(page)).toEqual([]);
  });

  test('without a key', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /v1/chat/completions'] = [401, 'byok.missing_key'];
    await ask(page, gateway);
    await expect(page.getByRole('alert')).toContainText('You have no key for this model yet');
    await expect(
      page.getByRole('alert').getByRole('link', { name: 'See your keys' })
    ).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });
});
