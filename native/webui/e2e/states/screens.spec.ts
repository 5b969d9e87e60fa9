/** Every screen in each of its states: it says which, and keeps nobody out. */
import type { Locator, Page } from '@playwright/test';
import { expect, open, settled, test } from '../support/base';
import type { Gateway } from '../support/double';
import { lived } from '../support/places';
import { flaws, frameInTheDark } from './flaws';

interface Screen {
  path: string;
  /** The call without which there is nothing to show. */
  call: string;
  /** What says that there is nothing yet; null where something always is. */
  empty: string | null;
  /** What shows that all of it is there. */
  full: (page: Page) => Locator;
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });

const SCREENS: Screen[] = [
  {
    path: '/',
    call: 'GET /v1/models',
    empty: 'One step before your first question',
    full: (page) => page.getByLabel('Your question')
  },
  {
    path: '/keys',
    call: 'GET /keys',
    empty: 'No keys yet',
    full: (page) => page.getByRole('article', { name: 'Biology class' })
  },
  {
    path: '/keys/new',
    call: 'GET /providers',
    empty: null,
    full: (page) => page.getByRole('button', { name: /OpenAI/ })
  },
  {
    path: '/usage?period=month',
    call: 'GET /usage',
    empty: 'Nothing used in this time',
    full: (page) => page.getByRole('img', { name: /Cost on each of/ })
  },
  {
    path: '/connect',
    call: 'GET /tokens',
    empty: 'No programs connected',
    full: (page) => page.getByRole('row', { name: /Library notebook/ })
  },
  {
    path: '/people',
    call: 'GET /people',
    empty: null,
    full: (page) => page.getByRole('row', { name: /enrico@/ })
  },
  {
    path: '/audit',
    call: 'GET /audit',
    empty: 'Nothing to see',
    full: (page) => page.getByRole('row', { name: /Question/ })
  },
  {
    path: '/settings',
    call: 'GET /settings',
    empty: null,
    full: (page) => page.getByLabel('Requests per minute and person')
  }
];

for (const { path, call, empty, full } of SCREENS) {
  const begin = async (page: Page, gateway: Gateway) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open(page, gateway, path);
  };
  test.describe(path, () => {
    test('full', async ({ page, gateway }) => {
      lived(gateway);
      await begin(page, gateway);
      await expect(full(page)).toBeVisible();
      await settled(page);
      expect(await flaws(page)).toEqual([]);
    });

    if (empty !== null) {
      test('empty', async ({ page, gateway }) => {
        await begin(page, gateway);
        await expect(heading(page, empty)).toBeVisible();
        expect(await flaws(page)).toEqual([]);
      });
    }

    test('loading', async ({ page, gateway }) => {
      lived(gateway);
      let go: () => void = () => {};
      gateway.faults.hold[call] = new Promise((done) => (go = done));
      await begin(page, gateway);
      await expect(page.getByRole('main').getByRole('status')).toHaveText('Loading…');
      expect(await flaws(page)).toEqual([]);
      go();
      await expect(full(page)).toBeVisible();
    });

    test.describe('refused', () => {
      test.use({ refusals: true });

      test('forbidden', async ({ page, gateway }) => {
        lived(gateway);
        gateway.faults.refuse[call] = [403, 'auth.forbidden'];
        await begin(page, gateway);
        await expect(heading(page, 'This is not open to you')).toBeVisible();
        await expect(page.getByRole('button', { name: 'Try again' })).toHaveCount(0);
        expect(await flaws(page)).toEqual([]);
      });

      test('failed', async ({ page, gateway }) => {
        lived(gateway);
        gateway.faults.refuse[call] = [500, 'internal'];
        await begin(page, gateway);
        await expect(heading(page, 'Something went wrong')).toBeVisible();
        expect(await flaws(page)).toEqual([]);
        gateway.faults.refuse = {};
        await page.getByRole('button', { name: 'Try again' }).click();
        await expect(full(page)).toBeVisible();
      });

      test('offline', async ({ page, gateway }) => {
        lived(gateway);
        gateway.faults.drop.add(call);
        await begin(page, gateway);
        await expect(heading(page, 'Convergio cannot be reached')).toBeVisible();
        expect(await flaws(page)).toEqual([]);
        gateway.faults.drop.clear();
        await page.getByRole('button', { name: 'Try again' }).click();
        await expect(full(page)).toBeVisible();
      });
    });
  });
}

test('the frame around them, in the dark', async ({ page, gateway }) => {
  await open(page, gateway, '/keys');
  await expect(heading(page, 'No keys yet')).toBeVisible();
  expect(await frameInTheDark(page)).toEqual([]);
});

test.describe('what was there stays', () => {
  test.use({ refusals: true });
  test('when the connection is lost', async ({ page, gateway, context }) => {
    lived(gateway);
    await open(page, gateway, '/usage');
    await expect(page.getByText('Cost per day')).toBeVisible();
    await context.setOffline(true);
    await page.getByRole('link', { name: '30 days' }).click();
    await expect(page.getByText('What you see may be out of date')).toBeVisible();
    await expect(page.getByText('Cost per day')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('What you see may be out of date')).toBeHidden();
  });

  test('every other screen opens without a connection and says so', async ({
    page,
    gateway,
    context
  }) => {
    lived(gateway);
    await open(page, gateway, '/keys');
    await expect(page.getByRole('article', { name: 'Biology class' })).toBeVisible();
    // The browser has fetched the other screens meanwhile, while it had nothing else to do.
    const fetched = () =>
      page.evaluate(
        () =>
          performance.getEntriesByType('resource').filter((one) => /\/nodes\//.test(one.name))
            .length
      );
    await expect.poll(fetched).toBeGreaterThanOrEqual(9);
    await context.setOffline(true);
    for (const name of ['Chat', 'Usage', 'Connect apps', 'People', 'Audit log', 'Settings']) {
      await page.getByRole('link', { name, exact: true }).click();
      await expect(heading(page, 'Convergio cannot be reached')).toBeVisible();
    }
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByLabel('Requests per minute and person')).toBeVisible();
  });
});

test.describe('before it is known who is there', () => {
  test.use({ refusals: true });
  const session = 'GET /session';

  test('loading', async ({ page, gateway }) => {
    let go: () => void = () => {};
    gateway.faults.hold[session] = new Promise((done) => (go = done));
    await open(page, gateway, '/keys');
    await expect(page.getByRole('status')).toHaveText('Loading…');
    expect(await flaws(page)).toEqual([]);
    go();
    await expect(heading(page, 'No keys yet')).toBeVisible();
  });

  test('failed', async ({ page, gateway }) => {
    gateway.faults.refuse[session] = [500, 'internal'];
    await open(page, gateway, '/keys');
    await expect(heading(page, 'Something went wrong')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    gateway.faults.refuse = {};
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(heading(page, 'No keys yet')).toBeVisible();
  });

  test('offline', async ({ page, gateway }) => {
    gateway.faults.drop.add(session);
    await open(page, gateway, '/keys');
    await expect(heading(page, 'Convergio cannot be reached')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    gateway.faults.drop.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(heading(page, 'No keys yet')).toBeVisible();
  });
});

test('an auditor is told which screens are not theirs', async ({ page, gateway }) => {
  gateway.role = 'auditor';
  for (const path of ['/', '/keys/new']) {
    await open(page, gateway, path);
    await expect(heading(page, 'This is not open to you')).toBeVisible();
  }
  expect(await flaws(page)).toEqual([]);
});

test.describe('an address that is not there', () => {
  // It answers 404, which the browser mentions, too.
  test('says so', async ({ page, gateway, faults }) => {
    const answer = await page.goto(`${gateway.url}/nowhere/at/all`);
    expect(answer?.status()).toBe(404);
    await expect(heading(page, 'There is nothing here')).toBeVisible();
    expect(await flaws(page)).toEqual([]);
    expect(faults.splice(0)).toEqual([expect.stringMatching(/status of 404 .*\(\/nowhere/)]);
  });
});
