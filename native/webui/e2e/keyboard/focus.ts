/** Where the focus is: on what, and whether somebody can see it there. */
import type { Page } from '@playwright/test';

export interface Stop {
  /** What a screen reader would say first: its name. */
  name: string;
  /** What is wrong with it as a place for the focus; empty when nothing is. */
  faults: string[];
}

/** What has the focus; null when nothing on the page has. */
export const focused = (page: Page): Promise<Stop | null> =>
  page.evaluate(() => {
    const at = document.activeElement;
    if (!(at instanceof HTMLElement) || at === document.body) return null;
    const labels = 'labels' in at ? [...((at as HTMLInputElement).labels ?? [])] : [];
    const said = at.cloneNode(true) as HTMLElement;
    for (const silent of said.querySelectorAll('[aria-hidden=true]')) silent.remove();
    const name = [at.ariaLabel, ...labels.map((label) => label.textContent), said.textContent]
      .map((text) => text?.replace(/\s+/g, ' ').trim())
      .find((text) => text);
    const faults: string[] = [];
    // A field may show it by what is around it.
    const shown = [at, at.parentElement].some((one) => {
      const style = one && getComputedStyle(one);
      return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
    if (!shown) faults.push('nothing shows that it has the focus');
    const box = at.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (box.width === 0 || box.height === 0) faults.push('it has no size');
    else if (top === null) faults.push('it is off the screen');
    else if (!at.contains(top) && !top.contains(at)) {
      faults.push(`it is under ${top.outerHTML.slice(0, 80)}`);
    }
    return { name: name ?? '', faults };
  });

/** Tabs until what has that name has the focus, as somebody does who hears the names go by. */
export async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
  const heard: string[] = [];
  for (let n = 0; n < 60; n++) {
    await page.keyboard.press(key);
    const stop = await focused(page);
    heard.push(stop?.name ?? '(nothing)');
    if (stop && name.test(stop.name)) return;
  }
  throw new Error(`no ${key} leads to ${name}; it goes to: ${heard.join(', ')}`);
}

/** Tabs once around the page: every stop, and every control that no stop was at. */
export async function tour(page: Page): Promise<{ stops: Stop[]; missed: string[] }> {
  const stops: Stop[] = [];
  if ((await focused(page)) === null) await page.keyboard.press('Tab');
  for (let stop = await focused(page); stop && stops.length < 100; stop = await focused(page)) {
    const again = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement;
      const seen = 'visited' in at.dataset;
      at.dataset.visited = '';
      return seen;
    });
    if (again) break;
    stops.push(stop);
    await page.keyboard.press('Tab');
  }
  const missed = await page.evaluate(() => {
    const open = document.querySelector('dialog[open]') ?? document;
    return [...open.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea')]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }))
      .filter((one) => !('visited' in one.dataset))
      .map((one) => one.outerHTML.slice(0, 100));
  });
  return { stops, missed };
}
