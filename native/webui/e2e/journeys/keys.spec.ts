import { expect, open, OPENAI_KEY, test } from '../support/base';
import { lived } from '../support/places';

test.beforeEach(async ({ page, gateway }) => {
  lived(gateway);
  await open(page, gateway, '/keys');
});

test('what needs somebody comes first', async ({ page }) => {
  await expect(page.getByRole('article').getByRole('heading')).toHaveText([
    'Old project',
    'Staff room',
    'Biology class'
  ]);
  const first = page.getByRole('article', { name: 'Old project' });
  await expect(first.getByText('Does not work')).toBeVisible();
  await expect(page.getByRole('article', { name: 'Biology class' })).toContainText(
    /1,320 requests ·\s+\$2\.43/
  );
});

test('a key is renamed', async ({ page }) => {
  const card = page.getByRole('article', { name: 'Staff room' });
  await card.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Teachers');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('article', { name: 'Teachers' })).toBeVisible();
});

test('what may be spent with a key in a month is limited, and is not any more', async ({
  page,
  gateway
}) => {
  const card = page.getByRole('article', { name: 'Staff room' });
  await expect(card.getByText('$0.43 of $0.50')).toBeVisible();
  await expect(card.getByText('The limit is nearly reached.')).toBeVisible();
  await card.getByRole('button', { name: 'Limit' }).click();
  const field = page.getByRole('dialog').getByLabel('Monthly limit');
  const save = page.getByRole('dialog').getByRole('button', { name: 'Save' });
  await expect(field).toHaveValue('0.50');
  await field.fill('ten');
  await save.click();
  await expect(page.getByRole('dialog').getByText('Write an amount such as 20')).toBeVisible();
  await field.fill('0,40');
  await save.click();
  await expect(card.getByText('$0.43 of $0.40')).toBeVisible();
  await expect(card.getByText('The limit is reached.')).toBeVisible();
  await card.getByRole('button', { name: 'Limit' }).click();
  await field.fill('');
  await save.click();
  await expect(card.getByRole('progressbar')).toBeHidden();
  const sent = gateway.calls.filter((call) => call.method === 'PATCH').map((call) => call.body);
  expect(sent).toEqual([{ monthly_limit_nano_usd: 400_000_000 }, { monthly_limit_nano_usd: null }]);
});

test('a key is replaced while the old one stays for a day', async ({ page, gateway }) => {
  const card = page.getByRole('article', { name: 'Biology class' });
  await card.getByRole('button', { name: 'Replace' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('OpenAI key').fill(OPENAI_KEY.replace('gggg', 'hhhh'));
  await dialog.getByRole('button', { name: 'Replace the key' }).click();
  await expect(dialog).toBeHidden();
  await expect(card.getByText('…hhhh')).toBeVisible();
  await expect(card.getByText(/old key ending in gggg stays usable/)).toBeVisible();
  const sent = gateway.calls.find((call) => call.path.endsWith('/rotate'));
  expect(sent?.body?.overlap_hours).toBe(24);
});

test('a key is revoked only after being asked, then removed', async ({ page, gateway }) => {
  const card = page.getByRole('article', { name: 'Staff room' });
  await card.getByRole('button', { name: 'Revoke' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(card.getByRole('button', { name: 'Revoke' })).toBeFocused();
  expect(gateway.calls.some((call) => call.path.endsWith('/revoke'))).toBe(false);
  await card.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Revoke the key' }).click();
  await expect(card.getByText('Revoked')).toBeVisible();
  await card.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(card).toBeHidden();
});

test('a key is tested', async ({ page }) => {
  await page
    .getByRole('article', { name: 'Biology class' })
    .getByRole('button', { name: 'Test' })
    .click();
  await expect(page.getByRole('dialog').getByText('The key works')).toBeVisible();
});

test('what one tab does to a key, the other shows', async ({ page, gateway, context }) => {
  const other = await context.newPage();
  await other.goto(`${gateway.url}/keys`);
  await other
    .getByRole('article', { name: 'Staff room' })
    .getByRole('button', { name: 'Rename' })
    .click();
  await other.getByRole('dialog').getByLabel('Name').fill('Teachers');
  await other.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('article', { name: 'Teachers' })).toBeVisible();
});
