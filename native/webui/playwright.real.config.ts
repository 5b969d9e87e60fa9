import base from './playwright.config';

/** `npm run test:e2e:real`: the same browser against the real gateway and simulated providers. */
export default { ...base, projects: [{ name: 'real', testDir: 'e2e/real' }], timeout: 120_000 };
