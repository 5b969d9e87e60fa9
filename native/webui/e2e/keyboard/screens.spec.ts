/** Tab goes once around every screen: to every control, where it can be seen, and out again. */
import { expect, open, settled, test } from '../support/base';
import { lived } from '../support/places';
import { focused, tabTo, tour } from './focus';

const SCREENS = ['/', '/keys', '/keys/new', '/usage', '/connect', '/people', '/audit', '/settings'];

for (const path of SCREENS) {
  for (const width of [1280, 320]) {
    test(`${path}, ${width} pixels wide`, async ({ page, gateway }) => {
      await page.setViewportSize({ width, height: 720 });
      await page.emulateMedia({ reducedMotion: 'reduce' });
      lived(gateway);
      await open(page, gateway, path);
      await expect(page.getByRole('main')).toBeVisible();
      await settled(page);
      const { stops, missed } = await tour(page);
      expect(missed).toEqual([]);
      expect(stops.filter(({ faults }) => faults.length > 0)).toEqual([]);
      expect(stops.filter(({ name }) => name === '')).toEqual([]);
    });
  }
}

for (const path of ['/signin', '/setup#token']) {
  test(path, async ({ page, gateway }) => {
    await page.goto(gateway.url + path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    const { stops, missed } = await tour(page);
    expect(missed).toEqual([]);
    expect(stops.filter(({ faults }) => faults.length > 0)).toEqual([]);
  });
}

test('the first stop skips what every screen has', async ({ page, gateway }) => {
  lived(gateway);
  await open(page, gateway, '/keys');
  await expect(page.getByRole('article', { name: 'Biology class' })).toBeVisible();
  await page.keyboard.press('Tab');
  expect((await focused(page))?.name).toBe('Skip to content');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect((await focused(page))?.name).toBe('Add a key');
});

test.describe('the tour finds what it looks for', () => {
  for (const [name, breakIt, said] of [
    [
      'a focus that cannot be seen',
      () => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync('main :focus-visible { outline: none !important }');
        document.adoptedStyleSheets.push(sheet);
      },
      /nothing shows that it has the focus/
    ],
    [
      'a focus under something',
      () => {
        const cover = document.createElement('div');
        cover.style.cssText = 'position: fixed; inset: 0; z-index: 99; background: #fff';
        document.body.append(cover);
      },
      /it is under/
    ],
    [
      'a control that Tab leaves out',
      () => document.querySelector('main input')?.setAttribute('tabindex', '-1'),
      /<input/
    ]
  ] as const) {
    test(name, async ({ page, gateway }) => {
      await open(page, gateway, '/settings');
      await expect(page.getByLabel('Requests per minute and person')).toBeVisible();
      await page.evaluate(breakIt);
      const { stops, missed } = await tour(page);
      expect(JSON.stringify([stops, missed])).toMatch(said);
    });
  }
});

test('a dialog keeps the focus, closes on Escape and gives it back', async ({ page, gateway }) => {
  lived(gateway);
  await open(page, gateway, '/keys');
  await expect(page.getByRole('article', { name: 'Biology class' })).toBeVisible();
  await tabTo(page, /^Rename$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  const { stops, missed } = await tour(page);
  expect(missed).toEqual([]);
  expect(stops.filter(({ faults }) => faults.length > 0)).toEqual([]);
  expect(stops.map(({ name }) => name)).toEqual(['Close', 'Name', 'Rename']);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  expect((await focused(page))?.name).toBe('Rename');
});

test('a question is asked, stopped and asked again', async ({ page, gateway }) => {
  lived(gateway);
  gateway.faults.stream = 'endless';
  await open(page, gateway, '/');
  await expect(page.getByLabel('Your question')).toBeVisible();
  await tabTo(page, /^Your question$/);
  await page.keyboard.type('How does photosynthesis work?');
  await page.keyboard.press('Enter');
  await expect(page.getByText('turns light into')).toBeVisible();
  expect((await focused(page))?.name).toBe('Your question');
  await tabTo(page, /^Stop$/);
  await page.keyboard.press('Enter');
  await expect(page.getByText('You stopped the answer.')).toBeVisible();
  delete gateway.faults.stream;
  await tabTo(page, /^Ask again$/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByText('$0.00041')).toBeVisible();
});
