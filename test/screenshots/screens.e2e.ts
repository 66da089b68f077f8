import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { type Dashboard, expect, test } from '../e2e-web/fixtures.ts';
import type { RawClient } from '../support/raw-client.ts';
import type { Scene } from '../support/scene.ts';

/**
 * Pictures of every screen for docs/screenshots: `npm run screenshots`. A day with four windows on a real daemon; nothing
 * is drawn that did not happen.
 */
const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const sizes = { narrow: { width: 380, height: 560 }, wide: { width: 1280, height: 800 } } as const;
const screens = {
  overview: '#/',
  session: '#/sessions/vscode-instance-1',
  activity: '#/activity',
  logs: '#/logs/daemon',
  settings: '#/settings',
} as const;

async function openWindow(scene: Scene, folderName: string, number: number, clientName: string): Promise<RawClient> {
  const cwd = join(scene.home.path, folderName);
  mkdirSync(cwd, { recursive: true });
  const window = scene.startShim(
    {
      EXAI_SESSION_ID: `vscode-instance-${number}`,
      EXAI_SERVER_NAME: `EXAI-WS-VSCode${number}`,
      MCP_SERVER_ID: `exai-ws-vscode${number}`,
      EXAI_LOG_PREFIX: `vscode${number}`,
      EXAI_WS_TOKEN_FILE: scene.home.layout.tokenFile,
    },
    { cwd },
  );
  await window.initialize(clientName);
  await window.request('tools/list');
  return window;
}

/** Work that has been done and work that is being done. */
async function aDay(scene: Scene, dashboard: Dashboard): Promise<void> {
  await scene.startDaemon({ EXAI_WS_QUEUE_MAX: '64', EXAI_WS_TOKEN: 'a-token-for-the-pictures' });
  await dashboard.admin((client) => client.call('rotateToken', { body: {} }));
  const shop = await openWindow(scene, 'shop-api', 1, 'Visual Studio Code');
  const billing = await openWindow(scene, 'billing', 1, 'Visual Studio Code');
  const notes = await openWindow(scene, 'notes', 2, 'augment-mcp-client');
  const infra = await openWindow(scene, 'infrastructure', 3, 'claude-code');
  for (let index = 0; index < 14; index += 1) {
    await shop.callTool('chat', { prompt: `Review step ${index + 1} of the order service`, ms: 20 + 17 * index });
    await billing.callTool('version', {});
    if (index % 3 === 0) await notes.callTool('echo', { text: 'list my notes', ms: 8 });
    if (index % 5 === 0) await infra.callTool('fail', { how: 'isError' });
  }
  const running = [
    shop.callTool('chat', { prompt: 'Summarise the failing tests', model: 'kimi-k2', ms: 600_000 }),
    shop.callTool('sleep', { ms: 600_000, progress: 300 }),
    billing.callTool('kimi_echo', { text: 'Explain this invoice run', ms: 600_000 }),
    ...Array.from({ length: 6 }, () => infra.callTool('kimi_echo', { text: 'Plan the migration', ms: 600_000 })),
  ];
  for (const call of running) void call.catch(() => undefined);
}

test('pictures of every screen', async ({ scene, dashboard }) => {
  test.setTimeout(240_000);
  mkdirSync(folder, { recursive: true });
  const { page } = dashboard;
  await aDay(scene, dashboard);
  await dashboard.open();
  await expect(page.getByTestId('session-row')).toHaveCount(4);
  await page.waitForTimeout(4_000);
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    for (const [width, size] of Object.entries(sizes)) {
      await page.setViewportSize(size);
      for (const [name, hash] of Object.entries(screens)) {
        await dashboard.go(hash);
        await page.waitForTimeout(900);
        await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`) });
      }
    }
  }
  await page.setViewportSize(sizes.narrow);
  await dashboard.go('#/');
  await page.keyboard.press('?');
  await expect(page.getByTestId('dialog')).toBeVisible();
  await takeBoth(page, 'keys-narrow');
  await page.keyboard.press('Escape');
  await page.getByTestId('rotate-button').click();
  await page.waitForTimeout(3_000);
  for (const [width, size] of Object.entries(sizes)) {
    await page.setViewportSize(size);
    await takeBoth(page, `rotation-${width}`);
  }
});

test('pictures of nothing and of trouble', async ({ scene, dashboard }) => {
  const { page } = dashboard;
  const daemon = await scene.startDaemon();
  await dashboard.open();
  for (const [width, size] of Object.entries(sizes)) {
    await page.setViewportSize(size);
    if (width === 'wide') await page.locator('.chart canvas').nth(3).waitFor(); // drawn once, when first seen
    await takeBoth(page, `empty-${width}`);
  }
  await daemon.kill();
  await expect(page.getByTestId('error-page')).toBeVisible({ timeout: 15_000 });
  for (const [width, size] of Object.entries(sizes)) {
    await page.setViewportSize(size);
    await takeBoth(page, `daemon-down-${width}`);
  }
  await scene.startDaemon({ EXAI_WS_PORT: String(daemon.port) });
  await page.context().clearCookies();
  await page.setViewportSize(sizes.narrow);
  await page.reload();
  await expect(page.getByTestId('error-code')).toHaveText('UI_SESSION_EXPIRED');
  await takeBoth(page, 'signed-out-narrow');
});

async function takeBoth(page: Page, name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
  }
}
