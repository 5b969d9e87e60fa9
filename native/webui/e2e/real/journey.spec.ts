/** A person's first day, against the real gateway: nothing here is doubled but the providers. */
import { expect, setUp, test } from './base';

const KEYS = {
  OpenAI: 'sk-sim-journey-openai-0001',
  Anthropic: 'sk-sim-journey-anthropic-0002',
  Google: 'sk-sim-journey-google-0003',
  Azure: 'sk-sim-journey-azure-0004'
};

test('set up, add a key of each provider, chat, see the cost, replace, revoke', async ({
  page,
  stack,
  context
}) => {
  test.slow();
  const faults: string[] = [];
  page.on('console', (message) => {
    // The refused key's answer is a success of the gateway: nothing may be red here.
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));

  await setUp(page, stack);
  await page.getByRole('link', { name: 'Add your first key' }).click();

  for (const [provider, secret] of Object.entries(KEYS)) {
    await page.getByRole('button', { name: new RegExp(`^${provider}`) }).click();
    const field = page.getByLabel(new RegExp(`^${provider}.* key$`));
    await field.fill('sk-wrong-aaaabbbbccccdddd');
    await page.getByRole('button', { name: 'Test the key' }).click();
    await expect(page.getByText(/does not know this key/)).toBeVisible();
    await field.fill(secret);
    await page.getByRole('button', { name: 'Test the key' }).click();
    await expect(page.getByRole('heading', { name: 'Your key works' })).toBeVisible();
    await page.getByRole('button', { name: 'Save the key' }).click();
    await expect(page.getByRole('heading', { name: 'You are ready' })).toBeVisible();
    await expect(page.getByText(`ending in ${secret.slice(-4)}`)).toBeVisible();
    await page.getByRole('button', { name: 'Add another key' }).click();
  }

  await page.getByRole('link', { name: 'Chat' }).click();
  for (const model of ['gpt-4o-mini', 'claude-haiku-5-5']) {
    await page.getByLabel('Model').selectOption(model);
    await page.getByLabel('Your question').fill(`Hello, ${model}`);
    await page.getByLabel('Your question').press('Enter');
    const answer = page.getByRole('article').last();
    await expect(answer.getByText(/Simulated answer to/)).toBeVisible();
    await expect(answer.getByText('your key')).toBeVisible();
    await expect(answer.getByText(/\$0\.\d+/)).toBeVisible();
  }

  await page.getByRole('link', { name: 'Usage' }).click();
  await expect(page.getByRole('row', { name: /OpenAI 1 / })).toBeVisible();
  await expect(page.getByRole('row', { name: /Anthropic 1 / })).toBeVisible();
  await page.getByRole('button', { name: 'Keys' }).click();
  await expect(page.getByRole('row', { name: /^OpenAI · OpenAI 1 / })).toBeVisible();

  await page.getByRole('link', { name: 'Keys' }).click();
  const card = page.getByRole('article', { name: 'OpenAI', exact: true });
  await expect(card.getByText('Works')).toBeVisible();
  await expect(card.getByText(/1 request ·/)).toBeVisible();
  await card.getByRole('button', { name: 'Replace' }).click();
  await page.getByRole('dialog').getByLabel('OpenAI key').fill('sk-sim-journey-openai-0009');
  await page.getByRole('button', { name: 'Replace the key' }).click();
  await expect(card.getByText(/ending in 0001 stays usable/)).toBeVisible();
  await card.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Revoke the key' }).click();
  await expect(card.getByText('Revoked', { exact: true })).toBeVisible();

  await page.getByRole('link', { name: 'Audit log' }).click();
  await expect(page.getByRole('rowheader', { name: 'Question' })).toHaveCount(2);
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText('The log is whole')).toBeVisible();
  for (const name of ['Settings', 'People', 'Connect apps']) {
    await page.getByRole('link', { name }).click();
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
    await expect(page.locator('.bone')).toHaveCount(0);
  }
  expect(faults).toEqual([]);

  // No key anywhere that the browser keeps, nor in what the gateway says.
  const kept = JSON.stringify([
    await context.storageState({ indexedDB: true }),
    await page.evaluate(() => [{ ...sessionStorage }, document.documentElement.outerHTML]),
    stack.said
  ]);
  for (const secret of Object.values(KEYS)) expect(kept).not.toContain(secret);
});
