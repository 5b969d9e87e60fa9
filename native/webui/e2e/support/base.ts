/** Every test gets a gateway of its own, and fails on what a person would not see. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test as base, type Page } from '@playwright/test';
import { Gateway, SIGNED_IN } from './double';
import { isApi } from './files';

/** One address for all tests of a worker; who answers there changes with each test. */
interface Front {
  server: Server;
  url: string;
  gateway: Gateway | null;
}

interface Fixtures {
  gateway: Gateway;
  /** The test makes calls that fail: what the browser itself says about them is expected. */
  refusals: boolean;
  /** What no test may do: unexpected words in the console, errors, requests to anybody else. */
  faults: string[];
}

export const test = base.extend<Fixtures, { front: Front }>({
  front: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const front: Front = { server: createServer(), url: '', gateway: null };
      front.server.on('request', (request, response) => {
        front.gateway?.serve(request, response).catch((fault: unknown) => {
          response.statusCode = 500;
          response.end(String(fault));
        });
      });
      await new Promise<void>((done) => front.server.listen(0, '127.0.0.1', done));
      front.url = `http://127.0.0.1:${(front.server.address() as AddressInfo).port}`;
      await use(front);
      front.server.closeAllConnections();
      await new Promise((done) => front.server.close(done));
    },
    { scope: 'worker' }
  ],
  gateway: async ({ front }, use) => {
    front.gateway = new Gateway(front.url);
    await use(front.gateway);
    // Whatever a test still holds back must not reach the next one.
    front.server.closeAllConnections();
  },
  refusals: [false, { option: true }],
  // eslint-disable-next-line no-empty-pattern
  faults: async ({}, use) => use([]),
  context: async ({ context, gateway, refusals, faults }, use) => {
    context.on('console', (message) => {
      const where = URL.canParse(message.location().url) ? new URL(message.location().url) : null;
      const text = message.text();
      const expected =
        refusals &&
        text.startsWith('Failed to load resource: ') &&
        where?.origin === gateway.url &&
        (isApi(where.pathname) || text.endsWith('net::ERR_INTERNET_DISCONNECTED'));
      if (['error', 'warning'].includes(message.type()) && !expected) {
        faults.push(`${message.type()}: ${text} (${where?.pathname ?? 'no address'})`);
      }
    });
    context.on('weberror', (error) => faults.push(`page error: ${error.error().message}`));
    context.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${gateway.url}/`) && !url.startsWith('data:')) {
        faults.push(`request to ${url}`);
      }
    });
    await use(context);
    expect(faults, 'nothing in the console, no request to anybody else').toEqual([]);
  }
});

export { expect };

export const PASSWORD = 'correct horse battery';
export const OPENAI_KEY = 'sk-proj-aaaabbbbccccddddeeeeffffgggg';

/** Signs in as people do. */
export async function signIn(page: Page, gateway: Gateway, path = '/'): Promise<void> {
  await page.goto(gateway.url + path);
  await page.getByLabel('E-mail').fill('ada@scuola.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
}

/** Opens a screen of somebody who signed in some days ago. */
export async function open(page: Page, gateway: Gateway, path: string): Promise<void> {
  await page
    .context()
    .addCookies([
      { name: 'convergio_session', value: SIGNED_IN, url: gateway.url, httpOnly: true }
    ]);
  await page.addInitScript(() => localStorage.setItem('convergio.signed_in', '1'));
  await page.goto(gateway.url + path);
}

/** Nothing is on its way any more. */
export const settled = (page: Page) =>
  expect(page.locator('[aria-busy=true], .bone')).toHaveCount(0);
