/**
 * The pictures that the README shows: `make demo` as somebody sees it who opens it for the first
 * time. CONVERGIO_GATEWAY names the gateway, CONVERGIO_PYTHON the Python that runs the demo.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';

const ROOT = resolve(import.meta.dirname, '../../../..');
const DOCS = resolve(import.meta.dirname, '../../docs');
/** In bytes: a page that shows all of them stays quick. */
const HEAVIEST = 150_000;

interface Demo {
  url: string;
  email: string;
  password: string;
}

const test = base.extend<{ demo: Demo }>({
  // eslint-disable-next-line no-empty-pattern
  demo: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'convergio-shots-'));
    const ready = join(folder, 'ready.json');
    const python = process.env.CONVERGIO_PYTHON ?? join(ROOT, '.venv/bin/python');
    const args = ['-m', 'fixtures.demo', '--port', '0', '--ready-file', ready, '--until-eof'];
    const child = spawn(python, args, {
      cwd: ROOT,
      env: { ...process.env, CONVERGIO_WEBUI: resolve(import.meta.dirname, '../../build') },
      stdio: ['pipe', 'inherit', 'inherit']
    });
    const ended = new Promise((done) => child.once('close', done));
    try {
      await expect.poll(() => existsSync(ready) || child.exitCode, { timeout: 120_000 }).toBe(true);
      await use(JSON.parse(readFileSync(ready, 'utf8')) as Demo);
    } finally {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true });
    }
  }
});

test.use({ viewport: { width: 1200, height: 760 }, colorScheme: 'light', reducedMotion: 'reduce' });

async function shot(page: Page, name: string): Promise<void> {
  const path = join(DOCS, `${name}.png`);
  await page.screenshot({ path, caret: 'hide' });
  expect(statSync(path).size, `${name}.png is light enough`).toBeLessThan(HEAVIEST);
}

test('the pictures of the README', async ({ page, demo }) => {
  await page.goto(`${demo.url}/signin`);
  await page.getByLabel('E-mail').fill(demo.email);
  await page.getByLabel('Password').fill(demo.password);
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.getByLabel('Your question').fill('How does photosynthesis work? In two sentences.');
  await page.getByLabel('Your question').press('Enter');
  await expect(page.getByRole('article').last().getByText('your key')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ask again' })).toBeVisible();
  await shot(page, 'chat');

  await page.getByRole('link', { name: 'Keys' }).click();
  await expect(page.getByRole('article').first()).toBeVisible();
  await shot(page, 'keys');

  await page.goto(`${demo.url}/usage?period=month`);
  await expect(page.getByRole('img', { name: /Cost on each of/ })).toBeVisible();
  await shot(page, 'usage');

  await page.goto(`${demo.url}/keys/new`);
  await page.getByRole('button', { name: /^Anthropic/ }).click();
  await page.getByLabel('Anthropic key').fill('sk-sim-shown-as-dots-0001');
  await page.getByRole('button', { name: 'Test the key' }).click();
  await expect(page.getByRole('heading', { name: 'Your key works' })).toBeVisible();
  await shot(page, 'wizard');
});
