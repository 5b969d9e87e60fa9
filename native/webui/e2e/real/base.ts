/** Each test gets an installation of its own: gateway, providers, and somebody who set it up. */
import { expect, test as base, type Page } from '@playwright/test';
import { Stack } from './stack';

export const test = base.extend<{ stack: Stack & { hash: string } }>({
  // eslint-disable-next-line no-empty-pattern
  stack: async ({}, use) => {
    const stack = new Stack();
    try {
      const hash = await stack.start();
      await use(Object.assign(stack, { hash }));
    } finally {
      await stack.stop();
    }
  }
});
export { expect };

/** Opens the account by the link that the gateway gave out, and comes to the first page. */
export async function setUp(page: Page, stack: { url: string; hash: string }): Promise<void> {
  await page.goto(`${stack.url}/setup${stack.hash}`);
  await page.getByLabel('Name of your school or team').fill('Liceo Galilei');
  await page.getByLabel('Your e-mail').fill('ada@scuola.example');
  await page.getByLabel('Password').fill('correct horse battery staple');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await expect(page.getByRole('heading', { name: 'One step before' })).toBeVisible();
}
