/** Every screen: without barriers in both themes, and in each of its states. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, lived, REFUSED, signIn, test } from './base';

const SCREENS = ['/', '/keys', '/keys/new', '/usage', '/connect', '/people', '/audit', '/settings'];
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function barriers(page: Page) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`);
}

const there = (page: Page) =>
  expect(page.locator('[aria-busy=true], .bone')).toHaveCount(0, { timeout: 15_000 });

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no barriers on any screen, ${colorScheme}`, async ({ page, gateway }) => {
    test.slow();
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(`${gateway.url}/signin`);
    expect(await barriers(page)).toEqual([]);
    await page.goto(`${gateway.url}/setup#token`);
    expect(await barriers(page)).toEqual([]);
    lived(gateway);
    await signIn(page, gateway);
    for (const path of SCREENS) {
      await page.goto(gateway.url + path);
      await there(page);
      expect(await barriers(page), path).toEqual([]);
    }
    await page.goto(`${gateway.url}/keys`);
    await page.getByRole('button', { name: 'Replace' }).first().click();
    expect(await barriers(page), 'a dialog').toEqual([]);
  });
}

test.describe('the states', () => {
  test.use({ allowed: REFUSED });

  for (const [state, status, code, heading] of [
    ['forbidden', 403, 'auth.forbidden', 'This is not open to you'],
    ['failed', 500, 'internal', 'Something went wrong']
  ] as const) {
    test(`${state} is said on every screen`, async ({ page, gateway }) => {
      test.slow();
      await signIn(page, gateway);
      for (const [path, call] of [
        ['/', 'GET /v1/models'],
        ['/keys', 'GET /keys'],
        ['/keys/new', 'GET /providers'],
        ['/usage', 'GET /usage'],
        ['/connect', 'GET /tokens'],
        ['/people', 'GET /people'],
        ['/audit', 'GET /audit'],
        ['/settings', 'GET /settings']
      ] as const) {
        gateway.faults.refuse = { [call]: [status, code] };
        await page.goto(gateway.url + path);
        await expect(page.getByRole('heading', { name: heading }), path).toBeVisible();
        if (path === '/keys') expect(await barriers(page)).toEqual([]);
        if (state === 'failed') {
          gateway.faults.refuse = {};
          await page.getByRole('button', { name: 'Try again' }).click();
          await expect(page.getByRole('heading', { name: heading }), path).toBeHidden();
        }
      }
    });
  }

  test('offline is said, and what was there stays', async ({ page, gateway, context }) => {
    lived(gateway);
    await signIn(page, gateway, '/usage');
    await expect(page.getByText('Cost per day')).toBeVisible();
    await context.setOffline(true);
    await page.getByRole('link', { name: '30 days' }).click();
    await expect(page.getByText('What you see may be out of date')).toBeVisible();
    await expect(page.getByText('Cost per day')).toBeVisible();
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('What you see may be out of date')).toBeHidden();
  });

  test('loading is said', async ({ page, gateway }) => {
    let go: () => void = () => {};
    await signIn(page, gateway);
    gateway.faults.hold['GET /keys'] = new Promise((done) => (go = done));
    await page.goto(`${gateway.url}/keys`);
    await expect(page.getByRole('status')).toHaveText('Loading…');
    go();
    await expect(page.getByRole('heading', { name: 'No keys yet' })).toBeVisible();
  });

  test('an address that is not there says so', async ({ page, gateway }) => {
    const answer = await page.goto(`${gateway.url}/nowhere/at/all`);
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('heading', { name: 'There is nothing here' })).toBeVisible();
  });
});

test('320 pixels are enough: nothing is cut or scrolls sideways', async ({ page, gateway }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  lived(gateway);
  await signIn(page, gateway);
  for (const path of SCREENS) {
    await page.goto(gateway.url + path);
    await there(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide, path).toBeLessThanOrEqual(320);
  }
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('dialog').getByRole('link', { name: 'People' }).click();
  await expect(page.getByRole('heading', { name: 'People' })).toBeVisible();
});

test('the chart is a table, too', async ({ page, gateway }) => {
  lived(gateway);
  await signIn(page, gateway, '/usage?period=month');
  await expect(page.getByRole('img', { name: /Cost on each of 3[01] days/ })).toBeVisible();
  await page.getByRole('button', { name: 'As table' }).click();
  await expect(page.locator('figure').getByRole('row')).toHaveCount(32);
});

test.describe('Italian', () => {
  test.use({ locale: 'it-IT' });
  test('is spoken where the browser asks for it, and can be chosen', async ({ page, gateway }) => {
    await page.goto(gateway.url);
    await expect(page.getByRole('heading', { name: 'Accedi' })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'it');
    await page.getByLabel('Lingua').selectOption('English');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  });
});

test('a token is shown once', async ({ page, gateway }) => {
  await signIn(page, gateway, '/connect');
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('My notebook');
  await page.getByRole('dialog').getByRole('button', { name: 'New token' }).click();
  await expect(page.getByText('cvg_shownonce')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await expect(page.getByText('cvg_shownonce')).toBeHidden();
  await expect(page.getByRole('row', { name: /My notebook/ })).toBeVisible();
});
