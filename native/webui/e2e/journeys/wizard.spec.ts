import type { BrowserContext, Page } from '@playwright/test';
import { expect, open, OPENAI_KEY, test } from '../support/base';
import type { Gateway } from '../support/double';

const add = (page: Page) => page.getByRole('link', { name: 'Add your first key' });
const field = (page: Page) => page.getByLabel('OpenAI key');
const check = (page: Page) => page.getByRole('button', { name: 'Test the key' });
const save = (page: Page) => page.getByRole('button', { name: 'Save the key' });
const stored = (gateway: Gateway) =>
  gateway.calls.filter((call) => call.method === 'POST' && call.path === '/keys').length;

async function toKey(page: Page, gateway: Gateway) {
  await open(page, gateway, '/keys');
  await add(page).click();
  await page.getByRole('button', { name: /OpenAI/ }).click();
}

/** Everywhere the browser could have kept it. */
async function traces(page: Page, context: BrowserContext): Promise<string> {
  const inside = await page.evaluate(() =>
    JSON.stringify([
      document.documentElement.outerHTML,
      { ...localStorage },
      { ...sessionStorage },
      history.state,
      location.href
    ])
  );
  return inside + JSON.stringify(await context.storageState({ indexedDB: true }));
}

test('a key is tested, stored and leads to the first chat, and leaves no trace', async ({
  page,
  gateway,
  context
}) => {
  const lines: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  await toKey(page, gateway);
  await field(page).fill(OPENAI_KEY);
  expect(await traces(page, context)).not.toContain(OPENAI_KEY);
  await check(page).click();
  await expect(page.getByText('4 models are open to this key')).toBeVisible();
  await save(page).click();
  await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
  await expect(page.getByText('ending in gggg')).toBeVisible();
  expect(await traces(page, context)).not.toContain(OPENAI_KEY.slice(8, 20));
  expect(lines.join()).not.toContain(OPENAI_KEY.slice(8, 20));
  await page.getByRole('link', { name: 'Start chatting' }).click();
  await expect(page.getByLabel('Your question')).toBeVisible();
});

test.describe('what goes wrong', () => {
  for (const [secret, words] of [
    ['sk-proj-bad-aaaabbbbccccddddeeee', /does not know this key/],
    ['sk-proj-abc...wxyz', /shortened form/],
    ['sk-ant-api03-aaaabbbbccccdddd', /looks like a key of Anthropic/],
    ['https://platform.openai.com/api-keys', /address of a page/]
  ] as const) {
    test(`is said in plain words: ${words.source}`, async ({ page, gateway }) => {
      await toKey(page, gateway);
      await field(page).fill(secret);
      await check(page).click();
      await expect(page.getByText(words)).toBeVisible();
      await expect(save(page)).toBeHidden();
      expect(stored(gateway)).toBe(0);
    });
  }

  test('a limited key may be stored all the same', async ({ page, gateway }) => {
    await toKey(page, gateway);
    await field(page).fill('sk-proj-limited-aaaabbbbccccdddd');
    await check(page).click();
    await expect(page.getByText(/is limiting it right now/)).toBeVisible();
    await save(page).click();
    await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
  });

  test('an address that is refused is said at its field', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /keys/check'] = [400, 'request.invalid', 'endpoint'];
    await open(page, gateway, '/keys/new');
    await page.getByRole('button', { name: /Azure/ }).click();
    await page.getByLabel('Address of your resource').fill('https://127.0.0.1/');
    await page.getByLabel('Azure key').fill('0123456789abcdef0123456789abcdef');
    await check(page).click();
    const address = page.getByLabel('Address of your resource');
    await expect(address).toHaveAttribute('aria-invalid', 'true');
    await expect(address).toHaveAccessibleDescription(/it is request.invalid/);
  });
  test.use({ refusals: true });
});

test('Back is one step back and loses nothing', async ({ page, gateway }) => {
  await toKey(page, gateway);
  await field(page).fill(OPENAI_KEY);
  await check(page).click();
  await page.getByLabel('Name').fill('Biology class');
  await page.goBack();
  await expect(field(page)).toHaveValue(OPENAI_KEY);
  await page.goBack();
  await expect(page.getByRole('heading', { name: /Whose models/ })).toBeVisible();
  await page.goForward();
  await page.goForward();
  await expect(page.getByLabel('Name')).toHaveValue('Biology class');
});

test('a reload keeps all but the key', async ({ page, gateway }) => {
  await toKey(page, gateway);
  await field(page).fill(OPENAI_KEY);
  await check(page).click();
  await page.getByLabel('Name').fill('Biology class');
  await page.getByLabel('Name').blur();
  await page.reload();
  await expect(field(page)).toHaveValue('');
  await field(page).fill(OPENAI_KEY);
  await check(page).click();
  await expect(page.getByLabel('Name')).toHaveValue('Biology class');
});

test('impatient clicks store one key', async ({ page, gateway }) => {
  let go: () => void = () => {};
  gateway.faults.hold['POST /keys'] = new Promise((done) => (go = done));
  await toKey(page, gateway);
  await field(page).fill(OPENAI_KEY);
  await check(page).click();
  await save(page).dblclick();
  await page.getByLabel('Name').press('Enter');
  go();
  await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
  expect(stored(gateway)).toBe(1);
});

test('Back after storing does not lead to storing again', async ({ page, gateway }) => {
  await toKey(page, gateway);
  await field(page).fill(OPENAI_KEY);
  await check(page).click();
  await save(page).click();
  await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
  expect(stored(gateway)).toBe(1);
});

test('a reload while the key is being stored finds it stored', async ({ page, gateway }) => {
  let go: () => void = () => {};
  gateway.faults.hold['POST /keys'] = new Promise((done) => (go = done));
  await toKey(page, gateway);
  await field(page).fill(OPENAI_KEY);
  await check(page).click();
  const sent = page.waitForRequest((it) => it.url().endsWith('/keys') && it.method() === 'POST');
  await save(page).click();
  await sent;
  await expect.poll(() => stored(gateway)).toBe(1);
  go();
  await expect.poll(() => gateway.keys.length).toBe(1);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
  expect(stored(gateway)).toBe(1);
});

test('two tabs store one key at a time', async ({ page, gateway, context }) => {
  let go: () => void = () => {};
  gateway.faults.hold['POST /keys'] = new Promise((done) => (go = done));
  await toKey(page, gateway);
  await field(page).fill(OPENAI_KEY);
  await check(page).click();
  const other = await context.newPage();
  await other.goto(`${gateway.url}/keys/new`);
  await other.getByRole('button', { name: /OpenAI/ }).click();
  await field(other).fill(OPENAI_KEY);
  await check(other).click();
  await save(page).click();
  await expect.poll(() => stored(gateway)).toBe(1);
  await save(other).click();
  await expect(other.getByText(/Another tab is saving/)).toBeVisible();
  go();
  await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
  expect(gateway.keys).toHaveLength(1);
});
