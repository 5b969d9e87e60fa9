/**
 * What keeps somebody from using a page as it is now: barriers of WCAG 2.2 AA in light and in dark,
 * words that 320 pixels cut off, motion for those who asked for none.
 */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export async function flaws(page: Page): Promise<string[]> {
  const size = page.viewportSize();
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const found = [...(await barriers(page, 'light', (axe) => axe.withTags(TAGS)))];
  found.push(...(await moving(page)));
  // Small and dark differ from that by their sizes and their colours, and by nothing else.
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 320, height: 640 });
  found.push(...(await cutOff(page)));
  // High enough for all of it: what the bar at the bottom covers is only a scroll away.
  await page.setViewportSize({ width: 320, height: 2000 });
  const rules = ['color-contrast', 'target-size'];
  found.push(...(await barriers(page, 'dark, 320 pixels', (axe) => axe.withRules(rules))));
  if (size) await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}

/** The colours of the frame in the dark, which a small screen does not show all of. */
export async function frameInTheDark(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  return barriers(page, 'dark', (axe) => axe.include('.side').withRules(['color-contrast']));
}

async function barriers(page: Page, where: string, choose: (axe: AxeBuilder) => AxeBuilder) {
  // One frame of our own: nothing has to be gathered from others.
  const { violations } = await choose(new AxeBuilder({ page }).setLegacyMode()).analyze();
  return violations.map(
    ({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html).join(' ')}`
  );
}

/** Reflow (WCAG 1.4.10): nothing is wider than the screen but what scrolls by itself. */
async function cutOff(page: Page): Promise<string[]> {
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      (['auto', 'scroll'].includes(getComputedStyle(element).overflowX) ||
        scrolls(element.parentElement));
    if (document.documentElement.scrollWidth <= room) return [];
    return [...document.body.querySelectorAll('*')]
      .filter((one) => one.getBoundingClientRect().right > room + 1 && !scrolls(one))
      .map((one) => one.outerHTML.slice(0, 120));
  });
  return wide.map((html) => `320 pixels: reaches over the edge: ${html}`);
}

async function moving(page: Page): Promise<string[]> {
  const names = await page.evaluate(() =>
    document
      .getAnimations()
      .filter((one) => Number(one.effect?.getComputedTiming().duration ?? 0) > 1)
      .map((one) => (one instanceof CSSAnimation ? one.animationName : 'transition'))
  );
  return names.map((name) => `reduced motion: ${name} moves`);
}
