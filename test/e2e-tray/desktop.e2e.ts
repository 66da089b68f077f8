import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, type TrayDesktop, test } from './fixtures.ts';

/** The settings in the window of a running app. */
async function openSettings(desktop: TrayDesktop, more: Readonly<Record<string, string>> = {}) {
  const tray = desktop.start([], more);
  const page = await tray.page();
  await tray.untilPicture('idle');
  await page.evaluate("location.hash = '#/settings'");
  await expect(page.getByTestId('setting-vault')).toBeVisible();
  return { tray, page };
}

const vaultState = (page: Page, state: string): Promise<void> =>
  expect(page.getByTestId('setting-vault')).toHaveAttribute('data-state', state);

test('DESK-settings: notifications have their switches, kept over a restart; launcher, versions and folder are said', async ({
  desktop,
}) => {
  const { tray, page } = await openSettings(desktop);
  for (const name of ['notifyPrompts', 'notifyCrashes', 'notifyUpdates']) {
    await expect(page.getByTestId(name)).toBeChecked();
  }
  await page.getByTestId('notifyCrashes').click();
  await expect(page.getByTestId('setting-notifyCrashes')).toHaveAttribute('data-state', 'off');
  await expect(page.getByTestId('setting-launcher')).toHaveAttribute('data-state', 'checkout');
  await expect(page.getByTestId('setting-version')).toContainText(`Node.js ${process.versions.node}`);
  await expect(page.getByTestId('setting-version')).toContainText('MIT licence');
  await expect(page.getByTestId('homepage')).toHaveCount(0); // nobody publishes this build
  await page.getByTestId('open-state-folder').click();
  await tray.until('the folder', ({ record }) => record.opened.includes(desktop.home.stateDir) || undefined);
  await page.getByTestId('login-item').click();
  const entry = join(desktop.home.path, '.config', 'autostart', 'exai-tray.desktop');
  await expect.poll(() => existsSync(entry) && readFileSync(entry, 'utf8')).toContain('--hidden');
  await expect(page.getByTestId('setting-login-item')).toHaveAttribute('data-state', 'on');
  await tray.end();
  const next = await openSettings(desktop);
  await expect(next.page.getByTestId('notifyCrashes')).not.toBeChecked();
});

test('DESK-vault: the app has written, read and compared once after its start, with the real key ring of the double', async ({
  desktop,
}) => {
  const { page } = await openSettings(desktop);
  await vaultState(page, 'encrypted');
  await expect(page.getByTestId('setting-vault')).toContainText('kwallet6');
  expect(existsSync(join(desktop.home.path, 'electron', 'keyring.key'))).toBe(true);
  const file = join(desktop.home.layout.credentialsDir, 'vault.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ vaultVersion: 1, secrets: {} });
});

test('DESK-vault-plain: a desktop without a key ring is told honestly', async ({ desktop }) => {
  const { page } = await openSettings(desktop, { DOUBLE_KEYRING: 'basic_text' });
  await vaultState(page, 'plain');
  await expect(page.getByTestId('setting-vault')).toContainText('unencrypted');
  await expect(page.getByTestId('setting-vault')).toContainText('VAULT_PLAIN');
});

test('DESK-vault-locked: a key ring that is locked is said, and one click looks again', async ({ desktop }) => {
  const { tray, page } = await openSettings(desktop);
  await vaultState(page, 'encrypted');
  writeFileSync(join(desktop.home.path, 'electron', 'keyring.locked'), '');
  await tray.end();
  const next = await openSettings(desktop);
  await vaultState(next.page, 'locked');
  const { rmSync } = process.getBuiltinModule('node:fs');
  rmSync(join(desktop.home.path, 'electron', 'keyring.locked'));
  await next.page.getByTestId('check-vault').click();
  await vaultState(next.page, 'encrypted');
});
