import { defineConfig } from '@playwright/test';
import { findTool } from './test/support/tools.ts';

const chromium = findTool('chromium');
const hasDesktop = [chromium, findTool('xvfb'), findTool('xclip'), findTool('xdotool')].every((tool) => 'path' in tool);

/** Browser tests: Debian's Chromium on the interface that a real daemon serves, and as the windows of the tray app. */
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
  projects: [
    ...('path' in chromium ? [{ name: 'e2e-web', testMatch: 'e2e-web/**/*.e2e.ts' }] : []),
    // On request: npm run screenshots.
    ...('path' in chromium ? [{ name: 'screenshots', testMatch: 'screenshots/**/*.e2e.ts' }] : []),
    // The tray app on the double of Electron: real Chromium windows on an X server of its own.
    ...(hasDesktop ? [{ name: 'e2e-tray', testMatch: 'e2e-tray/**/*.e2e.ts', timeout: 60_000 }] : []),
  ],
});
