// The kind `lighthouse`: each route as desktop and as phone, signed in or not, in a fresh browser.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserPath, enter, FLAGS, own, playwright, write } from './browsing.mjs';

const PATIENCE = 20_000;
const FAREWELL = 5_000;
const options = JSON.parse(process.argv[2]);
const { artifacts } = JSON.parse(process.argv[3]);
mkdirSync(artifacts, { recursive: true });

const { default: lighthouse, desktopConfig, generateReport } = await own('lighthouse');

/** A browser with a profile of its own, and the port it listens on. */
async function start() {
  const profile = mkdtempSync(join(tmpdir(), 'lighthouse-'));
  const child = spawn(
    browserPath() ?? 'chromium',
    [...FLAGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: 'ignore' }
  );
  const ended = new Promise((done) => child.once('exit', done));
  const stop = async () => {
    // Asked, it ends its helpers first; killed, they still write into the profile for a while.
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), FAREWELL);
    await ended;
    clearTimeout(killing);
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  const file = join(profile, 'DevToolsActivePort');
  const end = Date.now() + PATIENCE;
  while (!existsSync(file) || !readFileSync(file, 'utf8').includes('\n')) {
    if (Date.now() > end || child.exitCode !== null) {
      await stop();
      throw new Error('the browser did not open its port; see whether it runs with --headless=new');
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return { port: Number(readFileSync(file, 'utf8').split('\n')[0]), stop };
}

async function signIn(port, name, session) {
  const chromium = await playwright();
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  try {
    const page = await browser.contexts()[0].newPage();
    await enter(page, options.url, session);
    await page.close();
  } catch (error) {
    throw new Error(`session ${name}: ${error.message}`);
  } finally {
    // Lets go of the browser, which stays as it is: signed in.
    await browser.close();
  }
}

/** One run: the scores, what spoilt it, and what the machine was like meanwhile. */
async function measure(port, route, form, number) {
  const url = new URL(route.path, options.url).href;
  const load = loadavg()[0];
  const began = Date.now();
  const result = await lighthouse(
    url,
    {
      port,
      output: 'json',
      logLevel: 'error',
      onlyCategories: options.categories,
      disableFullPageScreenshot: true,
      throttlingMethod: 'simulate'
    },
    form === 'desktop' ? desktopConfig : undefined
  );
  const { lhr } = result;
  const faults = [];
  if (lhr.runtimeError) faults.push(lhr.runtimeError.message);
  for (const item of lhr.audits['errors-in-console']?.details?.items ?? [])
    faults.push(`console: ${item.description}`);
  for (const item of lhr.audits['network-requests']?.details?.items ?? [])
    if (item.statusCode >= 400) faults.push(`${item.statusCode} for ${item.url}`);
  const scores = {};
  const wrong = [];
  for (const [name, category] of Object.entries(lhr.categories)) {
    scores[name] = category.score === null ? null : Math.round(category.score * 100);
    for (const { id, weight } of category.auditRefs) {
      const audit = lhr.audits[id];
      if (weight > 0 && audit.score !== null && audit.score < 1 && wrong.every((one) => one.id !== id || one.category !== name))
        wrong.push({ category: name, id, title: audit.title, value: audit.displayValue ?? '', score: audit.score });
    }
  }
  const report = join(artifacts, `${(route.path + (route.as ? `-${route.as}` : '')).replace(/[^a-z0-9]+/gi, '-')}-${form}-${number}.html`);
  writeFileSync(report, generateReport(lhr, 'html'));
  const metric = (name) => lhr.audits[name]?.numericValue ?? null;
  return {
    scores,
    faults: [...new Set(faults)],
    wrong,
    report,
    seconds: (Date.now() - began) / 1000,
    load: [load, loadavg()[0]],
    benchmark: lhr.environment.benchmarkIndex,
    metrics: {
      'first-contentful-paint': metric('first-contentful-paint'),
      'largest-contentful-paint': metric('largest-contentful-paint'),
      'total-blocking-time': metric('total-blocking-time'),
      'cumulative-layout-shift': metric('cumulative-layout-shift'),
      'script-bytes': (lhr.audits['network-requests']?.details?.items ?? [])
        .filter((item) => item.resourceType === 'Script')
        .reduce((sum, item) => sum + (item.transferSize ?? 0), 0),
      'script-milliseconds': metric('bootup-time')
    }
  };
}

const good = (run, wanted) =>
  run.faults.length === 0 &&
  Object.entries(wanted).every(([name, least]) => (run.scores[name] ?? -1) >= least);

const measured = [];
const groups = Map.groupBy
  ? Map.groupBy(options.routes, (route) => route.as ?? '')
  : options.routes.reduce((map, route) => map.set(route.as ?? '', [...(map.get(route.as ?? '') ?? []), route]), new Map());
for (const [name, routes] of groups) {
  const { port, stop } = await start();
  try {
    if (name) await signIn(port, name, options.sessions[name]);
    for (const route of routes) {
      const wanted = { ...options['at-least'], ...route['at-least'] };
      for (const form of options['form-factors']) {
        const runs = [];
        const most = form === 'desktop' ? 1 : options['mobile-runs'];
        while (runs.length < most && !(runs.length > 0 && good(runs.at(-1), wanted)))
          runs.push(await measure(port, route, form, runs.length + 1));
        console.log(
          `${route.path} ${form}: ${runs.map((run) => Object.values(run.scores).join('/')).join(', ')}`
        );
        measured.push({ route: route.path, as: route.as ?? '', form, wanted, runs });
      }
    }
  } finally {
    await stop();
  }
}
write({ measured });
