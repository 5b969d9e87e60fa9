import type { Page } from '@playwright/test';
import { expect, open, test } from '../support/base';
import type { Gateway } from '../support/double';
import { lived } from '../support/places';

const question = (page: Page) => page.getByLabel('Your question');
const asked = (gateway: Gateway) =>
  gateway.calls.filter((call) => call.path.startsWith('/v1/chat'));

test.beforeEach(async ({ page, gateway }) => {
  lived(gateway);
  await open(page, gateway, '/');
});

test('an answer streams in and says who gave it, on whose key, for how much', async ({
  page,
  gateway
}) => {
  await page.getByLabel('Model').selectOption('gpt-5');
  await question(page).fill('How does photosynthesis work?');
  await question(page).press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer.getByText('OpenAI · gpt-5')).toBeVisible();
  await expect(answer.getByText('your key')).toBeVisible();
  await expect(answer.getByText('$0.00041')).toBeVisible();
  await expect(answer.getByRole('table')).toBeVisible();
  expect(asked(gateway)[0]?.csrf).toBe('csrf-token');
  expect(asked(gateway)[0]?.body?.model).toBe('gpt-5');
});

test('only models that the keys open, and that chat, can be chosen', async ({ page }) => {
  const options = page.getByLabel('Model').locator('option');
  await expect(options).toHaveText([
    'Choose for me',
    'gpt-5',
    'gpt-5-mini',
    'gpt-4.1',
    'gpt-4o-mini',
    'claude-sonnet-5-5',
    'claude-haiku-5-5',
    'gemini-2.5-pro',
    'gemini-3.5-flash'
  ]);
});

test('stops, keeps what is there, and asks again in its place', async ({ page, gateway }) => {
  gateway.faults.stream = 'endless';
  await question(page).fill('Hello');
  await question(page).press('Enter');
  await expect(page.getByText('turns light into')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('You stopped the answer.')).toBeVisible();
  await expect(page.getByText('turns light into')).toBeVisible();
  delete gateway.faults.stream;
  await page.getByRole('button', { name: 'Ask again' }).click();
  await expect(page.getByText('$0.00041')).toBeVisible();
  await expect(page.getByText('You stopped the answer.')).toBeHidden();
  await expect(page.getByRole('article')).toHaveCount(2);
});

for (const [fault, words] of [
  ['truncated', /broke off before its end/],
  ['error', /cannot be reached at the moment/]
] as const) {
  test(`a stream that ends by ${fault} is never a whole answer`, async ({ page, gateway }) => {
    gateway.faults.stream = fault;
    await question(page).fill('Hello');
    await question(page).press('Enter');
    await expect(page.getByRole('alert')).toHaveText(words);
  });
}

test.describe('with refusals', () => {
  test.use({ refusals: true });
  test('a limit that is reached is said, with the way to raise it', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /v1/chat/completions'] = [402, 'budget.exceeded'];
    await question(page).fill('Hello');
    await question(page).press('Enter');
    await expect(page.getByRole('alert')).toContainText('the monthly limit of the key');
    await page.getByRole('link', { name: 'See your keys' }).click();
    await expect(page.getByRole('button', { name: 'Limit' }).first()).toBeVisible();
  });
});

test('nothing in an answer runs', async ({ page }) => {
  await question(page).fill('attack');
  await question(page).press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer).toContainText('<img src=x onerror=');
  await expect(answer.locator('img, script, a')).toHaveCount(0);
  expect(await page.evaluate(() => 'owned' in window)).toBe(false);
});

test('history survives a reload, is found again and can be deleted', async ({ page }) => {
  await question(page).fill('How does photosynthesis work?');
  await question(page).press('Enter');
  await expect(page.getByText('$0.00041')).toBeVisible();
  await page.reload();
  await expect(page.getByText('$0.00041')).toBeVisible();
  await page.getByRole('link', { name: 'New chat' }).click();
  await expect(page.getByText('What would you like to know?')).toBeVisible();
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('link', { name: /How does photosynthesis/ }).click();
  await expect(page.getByText('$0.00041')).toBeVisible();
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('button', { name: /^Delete “How does/ }).click();
  await expect(page.getByText('No conversations yet.')).toBeVisible();
});

test('what is being written survives a reload', async ({ page }) => {
  await question(page).fill('Half a thou');
  await page.reload();
  await expect(question(page)).toHaveValue('Half a thou');
});

test('two presses ask once', async ({ page, gateway }) => {
  let go: () => void = () => {};
  gateway.faults.hold['POST /v1/chat/completions'] = new Promise((done) => (go = done));
  await question(page).fill('Hello');
  await page.getByRole('button', { name: 'Send' }).dblclick();
  await question(page).fill('Hello again');
  await question(page).press('Enter');
  await expect(question(page)).toHaveValue('Hello again');
  go();
  await expect(page.getByText('$0.00041')).toBeVisible();
  expect(asked(gateway)).toHaveLength(1);
});

test('a reload in the middle of an answer says that it is not whole', async ({ page, gateway }) => {
  gateway.faults.stream = 'endless';
  await question(page).fill('Hello');
  await question(page).press('Enter');
  await expect(page.getByText('turns light into')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('article').first()).toContainText('Hello');
  await expect(page.getByText(/left before the answer was there/)).toBeVisible();
  delete gateway.faults.stream;
  await page.getByRole('button', { name: 'Ask again' }).click();
  await expect(page.getByText('$0.00041')).toBeVisible();
});

test('two tabs of one conversation keep what both of them said', async ({ page, context }) => {
  await question(page).fill('How does photosynthesis work?');
  await question(page).press('Enter');
  await expect(page.getByText('$0.00041')).toBeVisible();
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByText('$0.00041')).toBeVisible();
  for (const [tab, words] of [
    [page, 'Said in the first tab'],
    [other, 'Said in the second tab']
  ] as const) {
    await question(tab).fill(words);
    await question(tab).press('Enter');
    await expect(tab.getByText('$0.00041')).toHaveCount(2);
  }
  await page.reload();
  await expect(page.getByText('Said in the first tab')).toBeVisible();
  await expect(page.getByText('Said in the second tab')).toBeVisible();
});
