import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { OPENAI_KEY, test } from '../support/base';
import { lived } from '../support/places';

const folder = process.env.LOOK ?? 'look';
const looks = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 860 }, locale: 'en-GB' },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 860 }, locale: 'en-GB' },
  narrow: { colorScheme: 'light', viewport: { width: 320, height: 640 }, locale: 'en-GB' },
  italian: { colorScheme: 'dark', viewport: { width: 390, height: 844 }, locale: 'it-IT' }
} as const;

for (const [look, use] of Object.entries(looks)) {
  test.describe(look, () => {
    test.use({ ...use, refusals: true });
    const shot = (page: Page, name: string) =>
      page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: false });
    /** Signs in whatever the language is. */
    const enter = async (page: Page, url: string, path: string) => {
      await page.goto(url + path);
      await page.locator('input[type=email]').fill('ada@scuola.example');
      await page.locator('input[type=password]').fill('correct horse battery');
      await page.locator('button[type=submit]').click();
      await page.locator('#main').waitFor();
    };

    test('the doors', async ({ page, gateway }) => {
      gateway.setupToken = 'token';
      await page.goto(`${gateway.url}/signin`);
      await page.locator('.notice').waitFor();
      await shot(page, '01-signin-new');
      await page.goto(`${gateway.url}/setup#token`);
      await page.locator('input[type=password]').fill('short');
      await page.locator('input[type=password]').blur();
      await shot(page, '02-setup');
    });

    test('the wizard', async ({ page, gateway }) => {
      await enter(page, gateway.url, '/');
      await page.locator('.empty').waitFor();
      await shot(page, '03-welcome');
      await page.locator('.empty a').click();
      await page.locator('section button').first().waitFor();
      await shot(page, '04-provider');
      await page.locator('section button').last().click();
      await page.locator('input[type=password]').waitFor();
      await shot(page, '05-azure');
      await page.goBack();
      await page.locator('section button').first().click();
      await page.locator('input[type=password]').fill('sk-proj-abc...xyz');
      await page.locator('button[type=submit]').click();
      await shot(page, '06-key-masked');
      await page.locator('input[type=password]').fill('sk-proj-bad-aaaabbbbccccdddd');
      await page.locator('button[type=submit]').click();
      await page.locator('.notice').waitFor();
      await shot(page, '07-key-refused');
      await page.locator('input[type=password]').fill(OPENAI_KEY);
      await page.locator('button[type=submit]').click();
      await page.locator('.models').waitFor();
      await shot(page, '08-models');
      await page.locator('button[type=submit]').click();
      await page.locator('.done').waitFor();
      await shot(page, '09-done');
    });

    test('the chat', async ({ page, gateway }) => {
      lived(gateway);
      await enter(page, gateway.url, '/');
      await page.locator('textarea').waitFor();
      await shot(page, '10-chat-empty');
      await page.locator('textarea').fill('How does photosynthesis work?\nIn short, please.');
      await page.locator('textarea').press('Enter');
      await page.locator('.receipt').waitFor();
      await page.locator('.tools').waitFor();
      await shot(page, '11-chat');
      gateway.faults.stream = 'truncated';
      await page.locator('textarea').fill('And at night?');
      await page.locator('textarea').press('Enter');
      await page.locator('.notice').waitFor();
      await shot(page, '12-chat-broken');
      await page.locator('.chat header button').click();
      await shot(page, '13-history');
    });

    test('the rest', async ({ page, gateway }) => {
      lived(gateway);
      await enter(page, gateway.url, '/keys');
      await page.locator('article').first().waitFor();
      await shot(page, '20-keys');
      await page.locator('article').last().locator('footer button').nth(1).click();
      await page.locator('dialog').waitFor();
      await shot(page, '21-rotate');
      await page.goto(`${gateway.url}/usage?period=month`);
      await page.locator('figure').waitFor();
      await shot(page, '22-usage');
      for (const [n, name] of [
        [23, 'connect'],
        [24, 'people'],
        [25, 'audit'],
        [26, 'settings']
      ] as const) {
        await page.goto(`${gateway.url}/${name}`);
        await page.locator('.card, .empty').first().waitFor();
        await shot(page, `${n}-${name}`);
      }
      gateway.faults.refuse['GET /keys'] = [403, 'auth.forbidden'];
      await page.goto(`${gateway.url}/keys`);
      await page.locator('.empty').waitFor();
      await shot(page, '30-forbidden');
      await page.goto(`${gateway.url}/nowhere`);
      await page.locator('.empty').waitFor();
      await shot(page, '31-missing');
      gateway.faults.refuse['GET /keys'] = [500, 'internal'];
      await page.goto(`${gateway.url}/keys`);
      await page.locator('.empty').waitFor();
      await shot(page, '32-failed');
    });
  });
}
