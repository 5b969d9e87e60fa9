import { expect, open, PASSWORD, signIn, test } from '../support/base';

test('the first administrator comes in by the link, which leaves the address bar', async ({
  page,
  gateway
}) => {
  gateway.setupToken = 'one-time-token';
  await page.goto(`${gateway.url}/setup#one-time-token`);
  await expect(page).toHaveURL(`${gateway.url}/setup`);
  await page.reload();
  await page.getByLabel('Name of your school or team').fill('Liceo Galilei');
  await page.getByLabel('Your e-mail').fill('ada@scuola.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await expect(page.getByRole('heading', { name: 'One step before' })).toBeVisible();
  const sent = gateway.calls.find((call) => call.path === '/setup' && call.method === 'POST');
  expect(sent?.body).toEqual({
    token: 'one-time-token',
    tenant: 'Liceo Galilei',
    email: 'ada@scuola.example',
    password: PASSWORD
  });
});

test.describe('with refusals', () => {
  test.use({ refusals: true });

  test('a used link says so and leads to the sign-in', async ({ page, gateway }) => {
    await page.goto(`${gateway.url}/setup#used`);
    await page.getByLabel('Name of your school or team').fill('x');
    await page.getByLabel('Your e-mail').fill('ada@scuola.example');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await expect(page.getByText('This link is no longer good')).toBeVisible();
    await page.getByRole('link', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/\/signin$/);
  });

  test('a wrong password is said, and the field is empty again', async ({ page, gateway }) => {
    await page.goto(gateway.url);
    await page.getByLabel('E-mail').fill('ada@scuola.example');
    await page.getByLabel('Password').fill('wrong password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toHaveText(/E-mail or password is wrong/);
    await expect(page.getByLabel('Password')).toHaveValue('');
  });

  test('too many attempts say how long to wait', async ({ page, gateway }) => {
    gateway.faults.refuse['POST /session'] = [429, 'rate.limited'];
    await page.goto(gateway.url);
    await page.getByLabel('E-mail').fill('ada@scuola.example');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toHaveText(/in 30 seconds/);
  });

  test('a session that ended leads back to where one was', async ({ page, gateway }) => {
    await signIn(page, gateway, '/keys');
    await expect(page.getByRole('heading', { name: 'No keys yet' })).toBeVisible();
    gateway.endSessions();
    await page.getByRole('link', { name: 'Usage' }).click();
    await expect(page.getByText('Your session has ended')).toBeVisible();
    await page.getByLabel('E-mail').fill('ada@scuola.example');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/\/usage/);
  });
});

test.describe('changing the password', () => {
  test.use({ refusals: true });
  test('needs the present one, and ends the session', async ({ page, gateway }) => {
    await signIn(page, gateway, '/keys');
    await page.getByRole('button', { name: 'Change password' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Present password').fill('wrong');
    await dialog.getByLabel('New password').fill('a longer one than before');
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await expect(dialog.getByText('This is not your present password.')).toBeVisible();
    await dialog.getByLabel('Present password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await expect(page).toHaveURL(/\/signin\?/);
    const sent = gateway.calls.filter((call) => call.path === '/me/password').at(-1);
    expect(sent?.body).toEqual({ old: PASSWORD, new: 'a longer one than before' });
  });
});

test('a stranger’s first page makes no call that is refused', async ({ page, gateway }) => {
  await page.goto(gateway.url);
  await expect(page).toHaveURL(/\/signin\?next=/);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  expect(gateway.calls.map((call) => call.path)).toEqual(['/setup']);
});

test('signing in never leads to another site', async ({ page, gateway }) => {
  await page.goto(`${gateway.url}/signin?next=//evil.example/`);
  await page.getByLabel('E-mail').fill('ada@scuola.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'One step before' })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(gateway.url);
});

test('signing out in one tab signs the other out', async ({ page, gateway, context, faults }) => {
  await signIn(page, gateway, '/keys');
  const other = await context.newPage();
  await other.goto(`${gateway.url}/keys`);
  await expect(other.getByRole('heading', { name: 'No keys yet' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/signin/);
  await expect(other).toHaveURL(/\/signin/);
  // Where it asked who is there before it heard, it was told: nobody. Nothing else was refused.
  for (const fault of faults.splice(0)) expect(fault).toMatch(/401 .*\/api\/v1\/session/);
});

test('an auditor sees what auditors may, and lands there', async ({ page, gateway }) => {
  gateway.role = 'auditor';
  await signIn(page, gateway);
  await expect(page).toHaveURL(/\/usage/);
  const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link');
  await expect(links).toHaveText(['Usage', 'Audit log']);
  await page.goto(gateway.url);
  await expect(page.getByRole('heading', { name: 'This is not open to you' })).toBeVisible();
});
