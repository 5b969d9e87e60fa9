import type { Page } from '@playwright/test';
import { expect, signIn, test } from '../support/base';
import { keysInUse, lived } from '../support/places';

/**
 * How long the page's own thread has worked so far, in milliseconds of its CPU time: what others do
 * to the machine meanwhile is not in it.
 */
async function worked(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find((one) => one.name === 'TaskDuration')?.value ?? 0);
  };
}

const nextFrame = (page: Page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));

test('a chat of a thousand turns scrolls', async ({ page, gateway }) => {
  lived(gateway);
  await signIn(page, gateway);
  await expect(page.getByLabel('Your question')).toBeVisible();
  await page.evaluate(async () => {
    const turns = Array.from({ length: 1000 }, (_, n) => ({
      id: `t${n}`,
      role: n % 2 === 0 ? 'user' : 'assistant',
      at: n,
      text:
        n % 2 === 0 ? `Question ${n}?` : `## Answer ${n}\n\n- **one**\n- two\n\n\`\`\`\nx\n\`\`\`\n`
    }));
    const open = indexedDB.open('convergio', 1);
    await new Promise((done) => (open.onsuccess = done));
    const work = open.result.transaction('conversations', 'readwrite');
    const conversation = { id: 'long', user: 'user-1', title: 'Long', model: 'auto' };
    work.objectStore('conversations').put({ ...conversation, changed_at: 1, turns });
    await new Promise((done) => (work.oncomplete = done));
  });
  await page.goto(`${gateway.url}/?c=long`);
  await expect(page.getByRole('article')).toHaveCount(1000);
  const frames = await page.evaluate(async () => {
    const gaps: number[] = [];
    window.scrollTo(0, 0);
    let last = await new Promise<number>((done) => requestAnimationFrame(done));
    for (let n = 0; n < 240; n++) {
      window.scrollBy(0, 400);
      const now = await new Promise<number>((done) => requestAnimationFrame(done));
      gaps.push(now - last);
      last = now;
    }
    return gaps.sort((a, b) => a - b);
  });
  const at = (share: number) => (frames[Math.floor(share * (frames.length - 1))] ?? 0).toFixed(1);
  console.log(
    `1000 turns, 240 frames: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms, ` +
      `${frames.filter((gap) => gap > 50).length} over 50 ms`
  );
  const clock = await worked(page);
  await page.evaluate(() => window.scrollTo(0, 0));
  await nextFrame(page);
  const busy: number[] = [];
  for (let n = 0; n < 120; n++) {
    const before = await clock();
    await page.evaluate(() => window.scrollBy(0, 400));
    await nextFrame(page);
    busy.push((await clock()) - before);
  }
  busy.sort((a, b) => a - b);
  const of = (share: number) => (busy[Math.floor(share * (busy.length - 1))] ?? 0).toFixed(1);
  console.log(
    `1000 turns, CPU time of 120 frames: p50 ${of(0.5)} ms, p95 ${of(0.95)} ms, longest ${of(1)} ms`
  );
});

test('a year of usage for fifty keys renders', async ({ page, gateway }) => {
  lived(gateway);
  gateway.keys = keysInUse(50);
  await signIn(page, gateway, '/usage?period=year');
  await expect(page.getByText('Cost per day')).toBeVisible();
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByRole('link', { name: '7 days' }).click();
  await expect(page.getByRole('img', { name: /each of [78] days/ })).toBeVisible();
  const clock = await worked(page);
  const before = await clock();
  const spent = await page.evaluate(async () => {
    const start = performance.now();
    document.querySelector<HTMLElement>('a[href="?period=year"]')?.click();
    while (!document.querySelector('svg[aria-label*=" 365 days"], svg[aria-label*=" 366 days"]')) {
      await new Promise((done) => requestAnimationFrame(done));
    }
    await new Promise((done) => requestAnimationFrame(done));
    return performance.now() - start;
  });
  console.log(
    `a year for 50 keys: ${spent.toFixed(0)} ms from the click to the frame that shows it`
  );
  console.log(`a year for 50 keys: ${((await clock()) - before).toFixed(0)} ms of CPU time`);
});
