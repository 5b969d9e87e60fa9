import base from './playwright.config';

/** `npm run shots`: pictures of every screen in SHOTS (default `shots/`), to be looked at. */
export default {
  ...base,
  projects: [{ name: 'shots', testDir: 'e2e/shots', testMatch: '*.shots.ts' }],
  reporter: 'list'
};
