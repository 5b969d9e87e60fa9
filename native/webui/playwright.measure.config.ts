import base from './playwright.config';

/** `npm run measure`: prints figures; a busy machine makes them worse, so that none is a gate. */
export default {
  ...base,
  projects: [{ name: 'measure', testDir: 'e2e/measure', testMatch: '*.measure.ts' }],
  reporter: 'list',
  workers: 1
};
