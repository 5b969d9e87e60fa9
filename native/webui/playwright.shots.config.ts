import base from './playwright.config';

/** `npm run shots`: the pictures in `docs/`, of the demo: the real gateway serving this build. */
export default {
  ...base,
  projects: [{ name: 'shots', testDir: 'e2e/shots', testMatch: '*.shots.ts' }],
  reporter: 'list',
  workers: 1,
  timeout: 180_000
};
