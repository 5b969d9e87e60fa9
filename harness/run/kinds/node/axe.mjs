// The kind `axe`: every route in every state and theme, looked at by axe-core in a real browser.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { browserPath, enter, FLAGS, glob, own, perform, playwright, write } from './browsing.mjs';

const PATIENCE = 30_000;
const options = JSON.parse(process.argv[2]);
const { artifacts, workers } = JSON.parse(process.argv[3]);
mkdirSync(artifacts, { recursive: true });

const { default: imported } = await own('@axe-core/playwright');
const AxeBuilder = imported.default ?? imported;
const chromium = await playwright();
const browser = await chromium.launch({ executablePath: browserPath(), args: FLAGS });
const looks = [];

/** What a person would not see: messages, exceptions and refusals that nobody asked for. */
function watch(page, route, state) {
  const faults = [];
  const asked = (state.answers ?? []).map((answer) => glob(answer.url));
  const refused = (route.status ?? 200) >= 400 ? new URL(route.path, options.url).href : '';
  const expected = (url) =>
    state.offline || url === refused || asked.some((pattern) => pattern.test(url));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const lost = message.text().startsWith('Failed to load resource');
    if (!(lost && expected(message.location().url))) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('response', (response) => {
    const document = response.request().isNavigationRequest() && response.frame() === page.mainFrame();
    if (response.status() >= 400 && !document && !expected(response.url()))
      faults.push(`${response.status()} for ${response.url()}`);
  });
  return faults;
}

async function answer(context, state) {
  for (const one of state.answers ?? []) {
    await context.route(glob(one.url), (route) => {
      if (one.method && route.request().method() !== one.method) return route.fallback();
      // Held for ever: the page stays as it is while it waits.
      if (one.hold) return undefined;
      return route.fulfill({
        status: one.status ?? 200,
        contentType: 'application/json',
        body: JSON.stringify(one.body ?? {})
      });
    });
  }
}

async function look(route, state, storage) {
  const { width, height } = options.viewport;
  const context = await browser.newContext({
    storageState: storage,
    viewport: { width, height },
    locale: options.locale,
    reducedMotion: 'reduce'
  });
  const place = { route: route.path, state: state.name ?? '', as: route.as ?? '' };
  const page = await context.newPage();
  const faults = watch(page, route, state);
  let began = Date.now();
  let theme = options.themes[0];
  try {
    await answer(context, state);
    await page.emulateMedia({ colorScheme: theme });
    const url = new URL(route.path, options.url).href;
    const response = await page.goto(url, { timeout: PATIENCE });
    const status = response?.status() ?? 0;
    if (status !== (route.status ?? 200)) faults.push(`${status} for ${url}`);
    // Before it goes offline a page has to be there.
    if (route.ready && (state.offline || !state.ready))
      await perform(page, [{ 'wait-for': route.ready }]);
    if (state.offline) await context.setOffline(true);
    await perform(page, state.steps ?? []);
    if (state.ready) await perform(page, [{ 'wait-for': state.ready }]);
    for (theme of options.themes) {
      await page.emulateMedia({ colorScheme: theme });
      await settle(page);
      const found = await new AxeBuilder({ page }).withTags(options.tags).analyze();
      const violations = found.violations.map(({ id, impact, help, helpUrl, nodes }) => ({
        rule: id,
        impact: impact ?? '',
        help,
        address: helpUrl,
        nodes: nodes.map((node) => ({
          selector: node.target.flat().join(' '),
          summary: node.failureSummary ?? '',
          html: node.html
        }))
      }));
      const bad = violations.length > 0 || faults.length > 0;
      looks.push({
        ...place,
        theme,
        seconds: (Date.now() - began) / 1000,
        rules: found.passes.length + found.violations.length,
        violations,
        // A page complains once, whatever the theme.
        faults: faults.splice(0),
        screenshot: bad ? await picture(page, `${looks.length}-${theme}`) : '',
        error: ''
      });
      began = Date.now();
    }
  } catch (error) {
    looks.push({
      ...place,
      theme,
      seconds: (Date.now() - began) / 1000,
      rules: 0,
      violations: [],
      faults: faults.splice(0),
      screenshot: await picture(page, `${looks.length}-broken`),
      error: String(error.message)
    });
  } finally {
    await context.close();
  }
}

/** Colours turn with the next frames, and some slowly: half of either theme is none. */
async function settle(page) {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    const ending = document.getAnimations().filter(({ playState, effect }) => {
      const { iterations, endTime } = effect?.getComputedTiming() ?? {};
      return playState === 'running' && iterations !== Infinity && Number(endTime) < 5000;
    });
    await Promise.allSettled(ending.map(({ finished }) => finished));
    await frame();
  });
}

/** A picture for whoever has to mend it; none, where the page is too far gone to be shown. */
async function picture(page, name) {
  const path = join(artifacts, `${name}.png`);
  try {
    await page.screenshot({ path, fullPage: true, timeout: 10_000 });
  } catch {
    return '';
  }
  return path;
}

try {
  const storages = {};
  for (const [name, session] of Object.entries(options.sessions ?? {})) {
    const context = await browser.newContext({ locale: options.locale });
    const page = await context.newPage();
    try {
      await enter(page, options.url, session);
    } catch (error) {
      throw new Error(`session ${name}: ${error.message}`);
    }
    storages[name] = await context.storageState({ indexedDB: true });
    await context.close();
  }
  const waiting = options.routes.flatMap((route) =>
    [...(route['only-states'] ? [] : [{}]), ...(route.states ?? [])].map((state) => [route, state])
  );
  const order = new Map(waiting.map(([route, state], at) => [`${route.path} ${route.as ?? ''} ${state.name ?? ''}`, at]));
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [route, state] = next;
        await look(route, state, route.as ? storages[route.as] : undefined);
      }
    })
  );
  const at = (one) => order.get(`${one.route} ${one.as} ${one.state}`);
  looks.sort((a, b) => at(a) - at(b));
  write({ looks });
} finally {
  await browser.close();
}
