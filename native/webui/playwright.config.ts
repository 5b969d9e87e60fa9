import { defineConfig, devices } from '@playwright/test';

// The system's Chromium where there is one named or installed; else the one Playwright installs.
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** What the tests are about; `--project` chooses. Each is a folder below `e2e`. */
const PROJECTS = [
  'states', // every screen in every state: WCAG 2.2 AA in both themes, 320 pixels, reduced motion
  'keyboard', // no mouse: the wizard, dialogs, the chat; where the focus is can be seen
  'aria', // what a screen reader is told, per page
  'journeys' // what people do, and what goes wrong on the way
];

export default defineConfig({
  fullyParallel: true,
  forbidOnly: true,
  workers: Number(process.env.E2E_WORKERS ?? 2),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['junit', { outputFile: 'test-results/junit.xml' }]],
  projects: PROJECTS.map((name) => ({ name, testDir: `e2e/${name}` })),
  use: {
    ...devices['Desktop Chrome'],
    locale: 'en-GB',
    timezoneId: 'Europe/Rome',
    // A film of each test would cost as much as the test.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  }
});
