/** Every test gets a gateway of its own, and fails on what a person would not see. */
import { expect, test as base, type Page } from '@playwright/test';
import { Gateway, keyOf } from './double';

interface Fixtures {
  gateway: Gateway;
  /** Console messages that a test expects; all others fail it. */
  allowed: RegExp | null;
}

export const test = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern
  gateway: async ({}, use) => {
    const gateway = new Gateway();
    await gateway.start();
    await use(gateway);
    await gateway.stop();
  },
  allowed: [null, { option: true }],
  page: async ({ page, gateway, allowed }, use) => {
    const faults: string[] = [];
    page.on('console', (message) => {
      const text = message.text();
      if (['error', 'warning'].includes(message.type()) && !allowed?.test(text)) {
        faults.push(`${message.type()}: ${text}`);
      }
    });
    page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(gateway.url) && !url.startsWith('data:'))
        faults.push(`request to ${url}`);
    });
    await use(page);
    expect(faults).toEqual([]);
  }
});

export { expect };

/** What the browser itself says about an answer that is no success. */
export const REFUSED = /^Failed to load resource: /;

export const PASSWORD = 'correct horse battery';
export const OPENAI_KEY = 'sk-proj-aaaabbbbccccddddeeeeffffgggg';

export async function signIn(page: Page, gateway: Gateway, path = '/'): Promise<void> {
  await page.goto(gateway.url + path);
  await page.getByLabel('E-mail').fill('ada@scuola.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
}

/** A place that has been in use for a while. */
export function lived(gateway: Gateway): void {
  gateway.used = true;
  gateway.keys = [
    keyOf('openai', 'Biology class', OPENAI_KEY, 12),
    keyOf('anthropic', 'Staff room', 'sk-ant-api03-aaaabbbbccccddddqrst', 80),
    keyOf('google', 'Old project', 'AIzaSyaaaabbbbccccddddeeeeffffgggghhhh', 40)
  ];
  const [first, second, third] = gateway.keys;
  if (first) first.usage_30d = { requests: 1320, cost_nano_usd: 2_431_000_000 };
  if (second) second.usage_30d = { requests: 212, cost_nano_usd: 640_000_000 };
  if (third) third.test_outcome = 'auth.invalid';
  gateway.people = [
    person('user-1', 'ada@scuola.example', 'admin'),
    person('user-2', 'enrico@scuola.example', 'user'),
    { ...person('user-3', 'maria@scuola.example', 'auditor'), disabled_at: Date.now() }
  ];
  gateway.auditRows = [
    audit(3, 'query', { model: 'openai/gpt-5-mini', tokens: 2153, cost_nano_usd: 412_000 }),
    audit(2, 'key_change', { action: 'add' }),
    audit(1, 'login', { ip: '192.0.2.7', device: 'Firefox', success: true })
  ];
}

/** That many keys, all of one provider. */
export const keysInUse = (count: number) =>
  Array.from({ length: count }, (_, n) => keyOf('openai', `Class ${n}`, `${OPENAI_KEY}${n}`, n));

const person = (id: string, email: string, role: 'user' | 'admin' | 'auditor') => ({
  id,
  email,
  role,
  created_at: Date.now() - 40 * 86_400_000,
  disabled_at: null
});

const audit = (seq: number, kind: string, fields: Record<string, unknown>) => ({
  seq,
  kind,
  at: Date.now() - (4 - seq) * 3_600_000,
  request_id: '0193',
  user: 'user-1',
  ...fields
});
