/** Whatever is sent is sent once, however often it is pressed while the answer is on its way. */
import type { Page } from '@playwright/test';
import { expect, open, OPENAI_KEY, PASSWORD, test } from '../support/base';
import { lived } from '../support/places';

const dialog = (page: Page) => page.getByRole('dialog');
const press = (page: Page, name: string) => dialog(page).getByRole('button', { name });

interface Form {
  name: string;
  path: string;
  /** The call it makes, with `…` for an id. */
  call: string;
  fill: (page: Page) => Promise<void>;
  submit: string;
}

const FORMS: Form[] = [
  {
    name: 'a new token',
    path: '/connect',
    call: 'POST /tokens',
    fill: async (page) => {
      await page.getByRole('button', { name: 'New token' }).click();
      await dialog(page).getByLabel('Name').fill('My notebook');
    },
    submit: 'New token'
  },
  {
    name: 'a new person',
    path: '/people',
    call: 'POST /people',
    fill: async (page) => {
      await page.getByRole('button', { name: 'Add a person' }).click();
      await dialog(page).getByLabel('E-mail').fill('luca@scuola.example');
      await dialog(page).getByLabel('First password').fill(PASSWORD);
    },
    submit: 'Add a person'
  },
  {
    name: 'a replaced key',
    path: '/keys',
    call: 'POST /keys/…/rotate',
    fill: async (page) => {
      await page
        .getByRole('article', { name: 'Biology class' })
        .getByRole('button', { name: 'Replace' })
        .click();
      await dialog(page).getByLabel('OpenAI key').fill(OPENAI_KEY.replace('gggg', 'hhhh'));
    },
    submit: 'Replace the key'
  },
  {
    name: 'a revoked key',
    path: '/keys',
    call: 'POST /keys/…/revoke',
    fill: (page) =>
      page
        .getByRole('article', { name: 'Biology class' })
        .getByRole('button', { name: 'Revoke' })
        .click(),
    submit: 'Revoke the key'
  }
];

for (const form of FORMS) {
  test(`${form.name}: two presses, one call`, async ({ page, gateway }) => {
    lived(gateway);
    await open(page, gateway, form.path);
    await form.fill(page);
    const sent = () => gateway.calls.filter((call) => call.name === form.call).length;
    let go: () => void = () => {};
    gateway.faults.hold[form.call] = new Promise((done) => (go = done));
    await press(page, form.submit).dblclick();
    await expect.poll(sent).toBe(1);
    await expect(press(page, form.submit)).toHaveAttribute('aria-disabled', 'true');
    await press(page, form.submit).press('Enter');
    go();
    await expect(press(page, form.submit)).toBeHidden();
    expect(sent()).toBe(1);
  });
}
