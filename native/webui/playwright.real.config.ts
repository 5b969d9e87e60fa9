import base from './playwright.config';

/** `npm run test:e2e:real`: the same browser against the real gateway and simulated providers. */
export default { ...base, projects: [], testDir: 'e2e/real', testIgnore: [], timeout: 120_000 };
