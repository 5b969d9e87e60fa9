import base from './playwright.config';

/**
 * `npm run measure`: prints figures; a busy machine makes them worse, so that none is a gate. Recording a
 * trace would be most of what is measured.
 */
export default {
  ...base,
  projects: [{ name: 'measure', testDir: 'e2e/measure', testMatch: '*.measure.ts' }],
  reporter: 'list',
  timeout: 240_000,
  use: { ...base.use, trace: 'off' },
  workers: 1
};
