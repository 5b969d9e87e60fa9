/** The pages of those who are not in yet, in each of their states. */
import type { Page } from '@playwright/test';
import { expect, PASSWORD, test } from '../support/base';
import { flaws } from './flaws';

async function signIn(page: Page, password: string) {
  await page.getByLabel('E-mail').fill('ada@scuola.example');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function setUp(page: Page, password: string) {
  await page.getByLabel('Name of your school or team').fill('Liceo Galilei');
  await page.getByLabel('Your e-mail').fill('ada@scuola.example');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Make the account' }).click();
}

test.use({ refusals: true });

test.describe('/signin', () => {
  test('as it is', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/signin`);
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('nobody has an account', async ({ page, gateway }) => {
    gateway.setupToken = 'token';
    await page.goto(`${gateway.url}/signin`);
    await expect(page.getByText('This Convergio is new')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('a demo says that it is one, and how to get in', async ({ page, gateway }) => {
    gateway.demo = true;
    await page.goto(`${gateway.url}/signin`);
    await expect(page.getByText('This is a demo')).toBeVisible();
    await expect(page.getByText('demo@example.org')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    await signIn(page, PASSWORD);
    await expect(page.getByText('Demo: the providers are simulated')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('the session has ended', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/signin?why=expired&next=/keys`);
    await expect(page.getByText('Your session has ended')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  for (const [state, answer, words] of [
    ['a wrong password', null, 'E-mail or password is wrong.'],
    ['too many attempts', [429, 'rate.limited'], 'in 30 seconds'],
    ['failed', [500, 'internal'], 'Convergio made a mistake']
  ] as const) {
    test(state, async ({ page, gateway }) => {
      await page.goto(`${gateway.url}/signin`);
      if (answer) gateway.faults.refuse['POST /session'] = [...answer];
      await signIn(page, answer ? PASSWORD : 'a wrong password');
      await expect(page.getByRole('alert')).toContainText(words);
      expect(await flaws(page)).toEqual([]);
    });
  }

  test('offline', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/signin`);
    gateway.faults.drop.add('POST /session');
    await signIn(page, PASSWORD);
    await expect(page.getByRole('alert')).toContainText('Check your connection');
    expect(await flaws(page)).toEqual([]);
  });

  test('on its way', async ({ page, gateway }) => {
    let go: () => void = () => {};
    gateway.faults.hold['POST /session'] = new Promise((done) => (go = done));
    await page.goto(`${gateway.url}/signin`);
    await signIn(page, PASSWORD);
    await expect(page.getByRole('button', { name: 'Sign in' })).toHaveAttribute(
      'aria-disabled',
      'true'
    );
    expect(await flaws(page)).toEqual([]);
    go();
    await expect(page.getByRole('heading', { name: 'One step before' })).toBeVisible();
  });
});

test.describe('/setup', () => {
  test('as it is', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/setup#token`);
    await expect(page.getByRole('heading', { name: 'Welcome to Convergio' })).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('without its token', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/setup`);
    await expect(page.getByText('The link is not complete')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('a short password', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/setup#token`);
    await setUp(page, 'short');
    const field = page.getByLabel('Password');
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveAccessibleDescription(/Use at least 12 characters/);
    expect(await flaws(page)).toEqual([]);
  });

  test('a used link', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/setup#used`);
    await setUp(page, PASSWORD);
    await expect(page.getByText('This link is no longer good')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
  });

  test('a refused address', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /setup'] = [400, 'request.invalid', 'email'];
    await page.goto(`${gateway.url}/setup#token`);
    await setUp(page, PASSWORD);
    await expect(page.getByLabel('Your e-mail')).toHaveAttribute('aria-invalid', 'true');
    expect(await flaws(page)).toEqual([]);
  });

  test('failed', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /setup'] = [500, 'internal'];
    await page.goto(`${gateway.url}/setup#token`);
    await setUp(page, PASSWORD);
    await expect(page.getByRole('alert')).toContainText('Convergio made a mistake');
    expect(await flaws(page)).toEqual([]);
  });
});
