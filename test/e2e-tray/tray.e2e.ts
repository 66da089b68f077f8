import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isProcessAlive } from '../../platform/process-info.ts';
import { eventually } from '../support/deadline.ts';
import { killQuietly } from '../support/processes.ts';
import { daemonPid, expect, test } from './fixtures.ts';
import { scenarios } from './scenarios.ts';

for (const { title, run } of scenarios) test(title, async ({ desktop }) => await run(desktop));

test('TRAY-window: a start shows the real interface of a real daemon, and the tray says the same', async ({
  desktop,
}) => {
  const tray = desktop.start();
  const page = await tray.page();
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
  await tray.untilPicture('idle');
  await tray.untilRow('status', /^Running/);
  const { windows } = await tray.state();
  expect(windows).toMatchObject([{ isVisible: true, bounds: { width: 380, height: 560 } }]);
});

test('TRAY-follows: when the daemon is killed, icon, menu and window say so, and again when it is back', async ({
  desktop,
}) => {
  const tray = desktop.start();
  const page = await tray.page();
  await tray.untilPicture('idle');
  const before = daemonPid(desktop);
  // Until it is started again, which takes half a second at first: each death makes the pause longer.
  killQuietly(before, 'SIGKILL');
  await tray.until('the picture starting', ({ trays }) => trays[0]?.image.includes('/starting') || undefined);
  await tray.until('the row', ({ trays }) => trays[0]?.menu[0]?.label.match(/starting again|Starting/)?.[0]);
  await tray.untilPicture('idle');
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
  expect(daemonPid(desktop)).not.toBe(before);
  await tray.click('daemon:stop');
  await tray.untilPicture('stopped');
  await expect(page.getByTestId('error-title')).toContainText('The daemon is stopped');
  await page.getByTestId('error-action').click();
  await tray.untilPicture('idle');
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
});

test('TRAY-quit: with a connected window it asks; cancel stays, keep leaves the daemon, stop ends it', async ({
  desktop,
}) => {
  const tray = desktop.start();
  await tray.untilPicture('idle');
  const pid = daemonPid(desktop);
  const editor = desktop.home.startShim({ env: { EXAI_SESSION_ID: 'window-1' } });
  await editor.initialize();
  await editor.callTool('version');
  await tray.until('Quit…', ({ trays }) => trays[0]?.menu.find(({ label }) => label === 'Quit…'));
  await tray.control('answer-dialog', { response: '0' });
  await tray.click('quit');
  const dialog = await tray.until('the question', ({ record }) => record.dialogs[0]);
  expect(dialog).toMatchObject({
    message: 'Quit EXAI Tray?',
    buttons: ['Cancel', 'Quit, keep the daemon', 'Quit and stop everything'],
    defaultId: 0,
    cancelId: 0,
  });
  await tray.control('answer-dialog', { response: '1' });
  await tray.click('quit');
  expect(await tray.exited).toBe(0);
  expect(isProcessAlive(pid)).toBe(true);
  await editor.callTool('version');

  const next = desktop.start();
  await next.untilPicture('idle');
  expect(daemonPid(desktop)).toBe(pid); // TRAY-adopt
  await next.control('answer-dialog', { response: '2' });
  await next.click('quit');
  expect(await next.exited).toBe(0);
  await eventually('the end of the daemon', () => (isProcessAlive(pid) ? undefined : true));
});

test('TRAY-close: putting the window away is noted, once; a click on the icon shows the window again', async ({
  desktop,
}) => {
  const tray = desktop.start();
  await tray.untilPicture('idle');
  const hidden = async (): Promise<void> => {
    await tray.control('window-close');
    await tray.until('hidden', ({ windows }) => windows[0]?.isVisible === false || undefined);
  };
  await hidden();
  const notification = await tray.until('the note', ({ record }) => record.notifications[0]);
  expect(notification).toMatchObject({ title: 'EXAI Tray stays in the tray' });
  await tray.control('tray-click');
  await tray.until('shown', ({ windows }) => windows[0]?.isVisible || undefined);
  await hidden();
  expect((await tray.state()).record.notifications).toHaveLength(1);
});

test('TRAY-single: a start that fails ends with its reason in the crash log, and holds up no later start', async ({
  desktop,
}) => {
  expect(await desktop.start([], { DOUBLE_CHROMIUM: '/nowhere/chromium' }).exited).toBe(1);
  const log = readFileSync(join(desktop.home.path, 'electron', 'userData', 'crash.log'), 'utf8');
  expect(log).toMatch(/Z start: .*\/nowhere\/chromium/);
  await desktop.start().untilPicture('idle');
});

test('TRAY-place: a window that was moved on Linux opens there again at the next start', async ({ desktop }) => {
  const tray = desktop.start();
  await tray.untilPicture('idle');
  await tray.control('window-drag', { bounds: '300,100,420,600' });
  const file = join(desktop.home.path, 'electron', 'userData', 'settings.json');
  await eventually('the place in the settings', () =>
    existsSync(file) && readFileSync(file, 'utf8').includes('420') ? true : undefined,
  );
  await tray.end();
  const next = desktop.start();
  const opened = await next.until('the window', ({ windows }) => windows.find(({ isVisible }) => isVisible));
  expect(opened.bounds).toEqual({ x: 300, y: 100, width: 420, height: 600 });
});

test('TRAY-no-host: without a tray host the window is a normal one, and the icon moves in when one comes', async ({
  desktop,
}) => {
  desktop.bus.setHost(false);
  const tray = desktop.start();
  const page = await tray.page();
  await tray.untilPicture('idle');
  await tray.control('window-close');
  await tray.until('minimised', ({ windows }) => windows[0]?.isMinimised || undefined);
  await expect(page.getByTestId('banner-no-tray')).toContainText('no tray icons');
  const hostState = async (): Promise<unknown> => await page.evaluate('exaiHost.getState({})');
  expect(await hostState()).toMatchObject({ ok: true, value: { hasTrayHost: false, notices: ['no-tray'] } });
  desktop.bus.setHost(true);
  await expect.poll(hostState).toMatchObject({ value: { hasTrayHost: true, notices: [] } });
});

test('TRAY-clipboard: a config goes to the real clipboard, and what must not stay there is taken off', async ({
  desktop,
}) => {
  const tray = desktop.start();
  const page = await tray.page();
  await tray.untilPicture('idle');
  const clipboard = (): string =>
    spawnSync('xclip', ['-selection', 'clipboard', '-o'], { env: { ...process.env, ...desktop.env }, encoding: 'utf8' })
      .stdout;
  await tray.click('copy-config:2');
  await expect.poll(clipboard).toContain('"EXAI_SESSION_ID": "vscode-instance-2"');
  expect(JSON.parse(clipboard())).toMatchObject({ servers: { 'EXAI-WS-VSCode2': { type: 'stdio' } } });
  await page.evaluate('exaiHost.copyText({ text: "not to stay", clearAfterMs: 1500 })');
  expect(clipboard()).toBe('not to stay');
  await expect.poll(clipboard, { timeout: 5_000 }).toBe('');
  // A click on the icon puts the window away, and with it what was copied for a moment.
  await page.evaluate('exaiHost.copyText({ text: "nor this", clearAfterMs: 3600000 })');
  expect(clipboard()).toBe('nor this');
  await tray.control('tray-click');
  await expect.poll(clipboard, { timeout: 5_000 }).toBe('');
});

test('TRAY-rotate: one click in the menu rotates the token and shows the result beside the work', async ({
  desktop,
}) => {
  const tray = desktop.start();
  const page = await tray.page();
  await tray.untilPicture('idle');
  await tray.untilRow('status', /^Running/);
  expect((await tray.untilRow('rotate', /./)).isEnabled).toBe(false); // there is no token yet
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
  await desktop.home.runCli(['token', 'rotate']);
  await tray.control('window-close');
  await tray.until('hidden', ({ windows }) => windows[0]?.isVisible === false || undefined);
  await tray.click('rotate');
  await tray.until('the window', ({ windows }) => windows[0]?.isVisible || undefined);
  await expect.poll(() => page.evaluate('location.hash')).toBe('#/rotation');
});
