// What the kinds `lighthouse` and `axe` share: packages of the project, the browser, steps on a page.
import { createRequire } from 'node:module';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How long a step may take, in milliseconds. */
const PATIENCE = 20_000;

export const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

const require = createRequire(join(process.cwd(), 'package.json'));

/** A package that the project has installed; the first of these names that is there. */
export async function own(...names) {
  for (const name of names) {
    let path;
    try {
      path = require.resolve(name);
    } catch {
      continue;
    }
    return await import(pathToFileURL(path).href);
  }
  throw new Error(`none of ${names.join(', ')} is installed in ${process.cwd()}; run npm ci there`);
}

export async function playwright() {
  const found = await own('playwright-core', 'playwright', '@playwright/test');
  return found.chromium ?? found.default.chromium;
}

export const browserPath = () => process.env.CHROMIUM_PATH || undefined;

/** Results, whole or not at all. */
export function write(results) {
  const path = process.env.RELEASE_MANAGER_RESULTS;
  writeFileSync(`${path}.partial`, JSON.stringify(results));
  renameSync(`${path}.partial`, path);
}

const LABEL = 'label=';

/** `label=E-mail`, `label=/mail$/`: a form field by its label; else a selector of Playwright. */
function find(page, target) {
  if (!target.startsWith(LABEL)) return page.locator(target).first();
  const name = target.slice(LABEL.length);
  const pattern = /^\/(.*)\/([a-z]*)$/.exec(name);
  return page.getByLabel(pattern ? new RegExp(pattern[1], pattern[2]) : name).first();
}

function value(step) {
  if (!step['value-from']) return step.value ?? '';
  const found = process.env[step['value-from']];
  if (found === undefined) throw new Error(`the environment has no ${step['value-from']}`);
  return found;
}

/** Does what a list of steps says, and says which one could not be done. */
export async function perform(page, steps) {
  const timeout = PATIENCE;
  for (const step of steps) {
    try {
      if (step.click) await find(page, step.click).click({ timeout });
      else if (step.fill) await find(page, step.fill).fill(value(step), { timeout });
      else if (step.select) await find(page, step.select).selectOption(value(step), { timeout });
      else if (step.press) await page.keyboard.press(step.press);
      else if (step['wait-for'])
        await find(page, step['wait-for']).waitFor({ state: 'visible', timeout });
      else if (step['wait-gone'])
        await find(page, step['wait-gone']).waitFor({ state: 'hidden', timeout });
    } catch (error) {
      const [[name, target]] = Object.entries(step);
      throw new Error(`step ${name}: ${target}: ${String(error.message).split('\n')[0]}`);
    }
  }
}

/** Signs in as a session says; what that leaves in the browser is what later pages find. */
export async function enter(page, url, session) {
  await page.goto(new URL(session.path ?? '/', url).href, { timeout: PATIENCE });
  await perform(page, session.steps);
}

/** A glob over addresses, `*` within and `**` across slashes, as a regular expression. */
export const glob = (text) =>
  new RegExp(
    `^${text
      .replace(/[.+^${}()|[\]\\?]/g, '\\$&')
      .replace(/\*\*/g, '\0')
      .replace(/\*/g, '[^/?]*')
      .replaceAll('\0', '.*')}(\\?.*)?$`
  );
