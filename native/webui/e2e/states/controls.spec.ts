/** The search for flaws finds them: each is put in on purpose, into a page that has none. */
import { expect, open, test } from '../support/base';
import { lived } from '../support/places';
import { flaws } from './flaws';

/** What somebody could break, done to the page that is there, and what must be said about it. */
const DEFECTS: [name: string, breakIt: () => void, said: RegExp][] = [
  [
    'a field without a label',
    () => document.querySelector('main label')?.removeAttribute('for'),
    /^light: label: /m
  ],
  [
    'pale words in the light',
    () => document.documentElement.style.setProperty('--muted', 'light-dark(#b9b5ab, #a9a69e)'),
    /^light: color-contrast: (?![^]*^dark)/m
  ],
  [
    'pale words in the dark',
    () => document.documentElement.style.setProperty('--muted', 'light-dark(#5d5a52, #55534e)'),
    /^dark, 320 pixels: color-contrast: /m
  ],
  [
    'no language',
    () => document.documentElement.removeAttribute('lang'),
    /^light: html-has-lang: /m
  ],
  [
    'a page without a heading',
    () => document.querySelector('h1')?.remove(),
    /^light: page-has-heading-one: /m
  ],
  [
    'buttons too small to hit',
    () => {
      const main = document.querySelector('main');
      for (const name of ['one', 'two']) {
        const button = document.createElement('button');
        button.textContent = name;
        button.style.cssText = 'width: 12px; height: 12px; padding: 0; border: 0; font-size: 8px';
        main?.append(button);
      }
    },
    /target-size: /
  ],
  [
    'something wider than a small screen',
    () => {
      const main = document.querySelector('main');
      if (main instanceof HTMLElement) main.style.minWidth = '400px';
    },
    /^320 pixels: reaches over the edge: <main/m
  ],
  [
    'something that moves all the same',
    () => {
      document
        .querySelector('h1')
        ?.animate([{ opacity: 1 }, { opacity: 0.9 }], { duration: 900, iterations: Infinity });
    },
    /^reduced motion: /m
  ]
];

for (const [name, breakIt, said] of DEFECTS) {
  test(name, async ({ page, gateway }) => {
    lived(gateway);
    await open(page, gateway, '/settings');
    await expect(page.getByLabel('Requests per minute and person')).toBeVisible();
    await page.evaluate(breakIt);
    expect((await flaws(page)).join('\n')).toMatch(said);
  });
}
