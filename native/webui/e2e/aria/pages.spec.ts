/**
 * What a screen reader is told on each page, kept beside this file. After a change that is meant:
 * npx playwright test --project aria --update-snapshots
 */
import { expect, open, settled, test } from '../support/base';
import { lived } from '../support/places';

/** A Tuesday in term time: dates on the pages are counted from it. */
const NOW = Date.parse('2026-03-10T10:00:00Z');

test.beforeEach(async ({ page }) => page.clock.setFixedTime(NOW));

const PAGES = {
  chat: '/',
  keys: '/keys',
  provider: '/keys/new',
  usage: '/usage?period=week',
  connect: '/connect',
  people: '/people',
  audit: '/audit',
  settings: '/settings'
};

for (const [name, path] of Object.entries(PAGES)) {
  test(name, async ({ page, gateway }) => {
    lived(gateway, NOW);
    await open(page, gateway, path);
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    await settled(page);
    await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: `${name}.aria.yml` });
  });
}

test('the frame around them', async ({ page, gateway }) => {
  await open(page, gateway, '/settings');
  await expect(page.getByRole('banner')).toMatchAriaSnapshot({ name: 'frame.aria.yml' });
});

test('an answer', async ({ page, gateway }) => {
  lived(gateway, NOW);
  await open(page, gateway, '/');
  await page.getByLabel('Your question').fill('How does photosynthesis work?');
  await page.getByLabel('Your question').press('Enter');
  await expect(page.getByText('$0.00041')).toBeVisible();
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'answer.aria.yml' });
});

test('the key step of Azure', async ({ page, gateway }) => {
  await open(page, gateway, '/keys/new');
  await page.getByRole('button', { name: /Azure/ }).click();
  await page.locator('summary').click();
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'azure.aria.yml' });
});

test('the sign-in', async ({ page, gateway }) => {
  await page.goto(`${gateway.url}/signin`);
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'signin.aria.yml' });
});

test('the set-up', async ({ page, gateway }) => {
  await page.goto(`${gateway.url}/setup#token`);
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'setup.aria.yml' });
});
