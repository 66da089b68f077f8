import { defineConfig } from '@playwright/test';
import { findTool } from './test/support/tools.ts';

const chromium = findTool('chromium');

/** Browser tests: Debian's Chromium on the interface that a real daemon serves. */
export default defineConfig({
  testDir: 'test',
  outputDir: 'test-results',
  workers: 1,
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 30_000,
  expect: { timeout: 5_000 },
  globalSetup: './test/e2e-web/global-setup.ts',
  reporter: [['list']],
  use: {
    ...('path' in chromium ? { launchOptions: { executablePath: chromium.path } } : {}),
    trace: 'retain-on-failure',
  },
  projects:
    'path' in chromium
      ? [
          { name: 'e2e-web', testMatch: 'e2e-web/**/*.e2e.ts' },
          { name: 'screenshots', testMatch: 'screenshots/**/*.e2e.ts' }, // on request: npm run screenshots
        ]
      : [],
});
