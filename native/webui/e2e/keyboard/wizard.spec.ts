/** A key is added without a mouse: each provider, after a key that is refused, Back and forth. */
import type { Page } from '@playwright/test';
import { expect, open, OPENAI_KEY, test } from '../support/base';
import { focused, tabTo } from './focus';

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });

const KEYS = {
  OpenAI: OPENAI_KEY,
  Anthropic: 'sk-ant-api03-aaaabbbbccccddddeeee',
  Google: 'AIzaSyaaaabbbbccccddddeeeeffffgggghhhh',
  Azure: '0123456789abcdef0123456789abcdef'
};

for (const [provider, secret] of Object.entries(KEYS)) {
  test(`a key of ${provider}`, async ({ page, gateway }) => {
    await open(page, gateway, '/keys/new');
    await expect(heading(page, /Whose models/)).toBeVisible();
    await tabTo(page, new RegExp(`^${provider}`));
    await page.keyboard.press('Enter');
    await expect(heading(page, `Paste your ${provider} key`)).toBeVisible();
    if (provider === 'Azure') {
      await tabTo(page, /^Address of your resource/);
      await page.keyboard.type('https://school.openai.azure.com');
      await tabTo(page, /^Deployments, API version, region/);
      await page.keyboard.press('Enter');
      await tabTo(page, /^Region/);
      await page.keyboard.type('swedencentral');
    }
    await tabTo(page, new RegExp(`^${provider} key`));
    await page.keyboard.type('sk-bad-aaaabbbbccccdddd');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toContainText('does not know this key');
    // Whoever cannot see it hears it, and is still where the key belongs.
    expect((await focused(page))?.name).toBe(`${provider} key`);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(secret);
    await page.keyboard.press('Enter');
    await expect(heading(page, 'Your key works')).toBeVisible();
    await tabTo(page, /^Name/);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('Biology class');
    await tabTo(page, /^Save the key/);
    await page.keyboard.press('Enter');
    await expect(heading(page, 'You are ready')).toBeVisible();
    await tabTo(page, /^Start chatting/);
    expect(gateway.keys.map((key) => [key.provider, key.name])).toEqual([
      [provider.toLowerCase(), 'Biology class']
    ]);
  });
}

test('Back leads to the provider again, and the focus to the new step', async ({
  page,
  gateway
}) => {
  await open(page, gateway, '/keys/new');
  await expect(heading(page, /Whose models/)).toBeVisible();
  await tabTo(page, /^Google/);
  await page.keyboard.press('Enter');
  await expect(heading(page, 'Paste your Google key')).toBeVisible();
  await tabTo(page, /^Back$/);
  await page.keyboard.press('Enter');
  await expect(heading(page, /Whose models/)).toBeVisible();
  // From the beginning of the step, not from that of the page: one Tab leads to the first choice.
  await page.keyboard.press('Tab');
  expect((await focused(page))?.name).toMatch(/^OpenAI/);
});
