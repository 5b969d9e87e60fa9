import base from './playwright.config';

/** `npm run look`: pictures of every screen in LOOK (default `look/`), to be looked at. */
export default {
  ...base,
  projects: [{ name: 'look', testDir: 'e2e/look', testMatch: '*.look.ts' }],
  reporter: 'list'
};
