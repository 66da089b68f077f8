import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isProcessAlive } from '../../platform/process-info.ts';
import { eventually } from '../support/deadline.ts';
import { killQuietly } from '../support/processes.ts';
import { type RawClient, textOf } from '../support/raw-client.ts';
import type { ControlRow } from './electron-double/control.ts';
import { daemonPid, expect, type TrayDesktop, test } from './fixtures.ts';
import type { TrayProcess } from './tray-process.ts';

/** A daemon with slow tools, for the tray to adopt. */
async function startSlowDaemon({ home }: TrayDesktop, env: Readonly<Record<string, string>> = {}): Promise<number> {
  const program = process.env['EXAI_TEST_DAEMON'];
  if (program === undefined) throw new Error('the global set-up has not run');
  return (await home.startDaemon({ program, env })).pid;
}

async function openWindow({ home }: TrayDesktop, sessionId: string): Promise<RawClient> {
  const window = home.startShim({ env: { EXAI_SESSION_ID: sessionId } });
  await window.initialize();
  await window.callTool('version'); // it has been connected
  return window;
}

/** A call that nobody waits for: its window may end first. */
function callForEver(window: RawClient): void {
  void window.callTool('sleep', { ms: 600_000 }).catch(() => undefined);
}

/** A file that lets the calls of `held` end once it is written. */
function gateOf({ home }: TrayDesktop): { readonly file: string; open(): void } {
  const file = join(home.path, 'gate');
  return { file, open: () => writeFileSync(file, '') };
}

async function untilGone(pid: number): Promise<void> {
  await eventually(`the end of the daemon ${pid}`, () => (isProcessAlive(pid) ? undefined : true));
}

test('UI-3 TRAY-stop: Stop without a running call asks nothing, and the button then reads Start', async ({
  desktop,
}) => {
  const tray = desktop.start();
  const page = await tray.page();
  const button = page.getByTestId('primary-action');
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
  await expect(button).toHaveText('Stop');
  const pid = daemonPid(desktop);
  await button.click();
  await expect(button).toHaveText('Start', { timeout: 20_000 });
  await expect(page.getByTestId('dialog')).toHaveCount(0);
  expect((await tray.state()).record.dialogs).toEqual([]);
  await expect(page.getByTestId('status-pill')).toContainText('Stopped');
  await expect(page.getByTestId('error-title')).toContainText('The daemon is stopped');
  expect(isProcessAlive(pid)).toBe(false);
  expect(desktop.home.readDiscovery()).toMatchObject({ state: 'stopped' });
  await tray.untilPicture('stopped');
  await button.click();
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
  await expect(button).toHaveText('Stop');
});

test('UI-4 TRAY-stop: Stop with two running calls names both, waits for them, and nobody loses an answer', async ({
  desktop,
}) => {
  const pid = await startSlowDaemon(desktop);
  const tray = desktop.start();
  const page = await tray.page();
  const [first, second] = [await openWindow(desktop, 'vscode-1'), await openWindow(desktop, 'vscode-2')];
  const gate = gateOf(desktop);
  const answers = [first.callTool('held', { text: 'hello', file: gate.file })];
  await expect(page.getByTestId('call-row')).toHaveCount(1, { timeout: 20_000 });
  answers.push(second.callTool('held', { text: 'there', file: gate.file }));
  await expect(page.getByTestId('call-row')).toHaveCount(2, { timeout: 20_000 });
  await page.getByTestId('primary-action').click();
  const dialog = page.getByTestId('dialog');
  await expect(dialog).toHaveRole('alertdialog');
  await expect(dialog).toContainText('Stop while 2 calls are running?');
  await expect(dialog).toContainText('held (vscode-1), held (vscode-2).');
  await expect(page.getByTestId('dialog-wait')).toBeFocused();
  await expect(page.getByTestId('dialog-wait')).toHaveText('Wait for them');
  await expect(dialog.getByRole('button')).toHaveText(['Wait for them', 'Stop now', 'Cancel']);
  // Esc changes nothing.
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByTestId('primary-action')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('dialog-wait')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('status-pill')).toContainText('Draining, 2 calls left');
  await tray.untilRow('status', /^Draining: 2 calls left/);
  gate.open();
  expect((await Promise.all(answers)).map(textOf)).toEqual(['hello', 'there']);
  await expect(page.getByTestId('primary-action')).toHaveText('Start', { timeout: 20_000 });
  await untilGone(pid);
  expect(desktop.home.readDiscovery()).toMatchObject({ state: 'stopped' });
  expect((await tray.state()).record.dialogs).toEqual([]);
});

test('TRAY-stop: a call that never finishes is waited for until a person says Stop now', async ({ desktop }) => {
  const pid = await startSlowDaemon(desktop, { EXAI_DRAIN_SECS: '0.2' });
  const tray = desktop.start();
  const page = await tray.page();
  callForEver(await openWindow(desktop, 'vscode-1'));
  await expect(page.getByTestId('call-row')).toHaveCount(1, { timeout: 20_000 });
  // From the menu of the window: the same question, not one of the system.
  await page.getByTestId('app-menu').click();
  await page.getByTestId('menu-daemon').click();
  await page.getByTestId('menu-daemon:stop').click();
  await page.getByTestId('dialog-wait').click();
  await expect(page.getByTestId('status-pill')).toContainText('Draining, 1 call left');
  await expect(page.getByTestId('primary-action')).toHaveText('Stop now');
  expect(isProcessAlive(pid)).toBe(true);
  await page.getByTestId('primary-action').click();
  await expect(page.getByTestId('primary-action')).toHaveText('Start', { timeout: 20_000 });
  await untilGone(pid);
  await tray.untilPicture('stopped');
});

test('TRAY-stop: a restart from the tray asks, waits for the call, and starts the daemon again', async ({
  desktop,
}) => {
  const pid = await startSlowDaemon(desktop);
  const tray = desktop.start(['--hidden']);
  const window = await openWindow(desktop, 'vscode-1');
  const gate = gateOf(desktop);
  const answer = window.callTool('held', { text: 'finished', file: gate.file });
  await tray.untilRow('status', /1 call$/);
  await tray.control('answer-dialog', { response: '0' });
  await tray.click('daemon:restart');
  const question = await tray.until('the question', ({ record }) => record.dialogs[0]);
  expect(question).toMatchObject({
    message: 'Stop while 1 call is running?',
    detail: 'held (vscode-1).',
    buttons: ['Wait for them', 'Stop now', 'Cancel'],
    defaultId: 0,
    cancelId: 2,
  });
  await tray.untilRow('status', /^Draining: 1 call left/);
  gate.open();
  expect(textOf(await answer)).toBe('finished');
  await untilGone(pid);
  await eventually('the next daemon', () => {
    const file = desktop.home.readDiscovery();
    return file.state === 'running' && file.pid !== pid ? true : undefined;
  });
  await tray.untilPicture('idle');
  await window.callTool('version');
});

test('UI-29 TRAY-port-taken: the window names who has the port, and one click starts the daemon on the next', async ({
  desktop,
}) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const tray = desktop.start([], { EXAI_WS_PORT: String(port) });
  const page = await tray.page();
  await tray.untilPicture('error');
  await expect(page.getByTestId('error-title')).toContainText(`Port ${port} is taken`);
  await expect(page.getByTestId('error-code')).toHaveText('PORT_IN_USE');
  await expect(page.getByTestId('error-page')).toContainText(/node\S*, process \d+, uses it/);
  await expect(page.getByTestId('error-page')).toContainText(`process ${process.pid}`);
  const action = page.getByTestId('error-action');
  await expect(action).toHaveText(/^Use port \d+$/);
  const next = Number(/\d+/.exec((await action.textContent()) ?? '')?.[0]);
  expect(next).toBeGreaterThan(port);
  await action.click();
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
  await tray.untilPicture('idle');
  expect(desktop.home.readDiscovery()).toMatchObject({ tcp: { port: next } });
  holder.close();
});

/** The rows of the tray that a model without problem has (UI.md §2), in order. */
const rowIds = [
  'status',
  'open',
  'dashboard',
  'add',
  'sessions',
  'copy-config',
  'rotate',
  'daemon',
  'login',
  'update',
  'quit',
];

/** The tray's menu follows once a second at most: as it is when it has not changed for longer. */
async function restingMenu(tray: TrayProcess): Promise<readonly ControlRow[]> {
  const read = async (): Promise<readonly ControlRow[]> => (await tray.state()).trays[0]?.menu ?? [];
  return await eventually('a menu at rest', async () => {
    const before = await read();
    await new Promise((resolve) => {
      setTimeout(resolve, 1_300);
    });
    const after = await read();
    return JSON.stringify(before) === JSON.stringify(after) ? after : undefined;
  });
}

test('UI-43 TRAY-no-host: without a tray host the menu of the window holds every row, enabled by the same rules', async ({
  desktop,
}) => {
  desktop.bus.setHost(false);
  const tray = desktop.start();
  const page = await tray.page();
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
  await openWindow(desktop, 'vscode-1');
  await tray.untilRow('sessions', /./);
  await tray.until('an enabled row', ({ trays }) =>
    trays[0]?.menu.find(({ id, isEnabled }) => id === 'sessions' && isEnabled),
  );
  await page.getByTestId('app-menu').click();
  const expectRows = async (rows: readonly ControlRow[]): Promise<void> => {
    for (const { id, label, isEnabled, submenu } of rows) {
      const row = page.getByTestId(`menu-${id}`);
      await expect(row).toHaveText(label);
      await expect(row).toHaveAttribute('aria-disabled', String(!isEnabled));
      if (submenu.length === 0 || !isEnabled) continue;
      await row.click();
      await expectRows(submenu);
    }
  };
  const menu = await restingMenu(tray);
  expect(menu.map(({ id }) => id)).toEqual(rowIds);
  await expectRows(menu);
  // The same rules when the daemon is stopped.
  await page.getByTestId('menu-daemon').press('ArrowRight');
  await page.getByTestId('menu-daemon:stop').click();
  await tray.untilRow('status', /^Stopped/);
  await page.getByTestId('app-menu').click();
  const stopped = await restingMenu(tray);
  expect(stopped.filter(({ isEnabled }) => !isEnabled).map(({ id }) => id)).toEqual([
    'status',
    'dashboard',
    'add',
    'sessions',
    'copy-config',
    'rotate',
  ]);
  await expectRows(stopped);
  await expect(page.getByTestId('menu-daemon:start')).toHaveAttribute('aria-disabled', 'false');
});

for (const [name, leave] of [
  ['SIGTERM', (pid: number) => killQuietly(pid, 'SIGTERM')],
  ['shutdown', undefined],
  ['session-end', undefined],
] as const) {
  test(`TRAY-session-end: at ${name} nobody is asked; app and daemon leave, also from a call that never finishes`, async ({
    desktop,
  }) => {
    const pid = await startSlowDaemon(desktop);
    const tray = desktop.start();
    callForEver(await openWindow(desktop, 'vscode-1'));
    await tray.untilRow('status', /1 call$/);
    // A question that is open does not hold it up.
    await tray.control('hold-dialogs');
    await tray.click('quit');
    await tray.until('the question', ({ record }) => record.dialogs[0]);
    if (leave !== undefined) leave(tray.pid);
    else {
      // A session end that somebody calls off costs nothing.
      expect(await tray.control('query-session-end')).toBe(false);
      await tray.untilRow('status', /1 call$/);
      expect(await tray.control(name)).toBe(name === 'shutdown'); // that one waits for us
    }
    expect(await tray.exited).toBe(0);
    await untilGone(pid);
    expect(desktop.home.readDiscovery()).toMatchObject({ state: 'stopped' });
  });
}

test('TRAY-suspend: after a sleep everything is read anew, and nobody is taken for dead', async ({ desktop }) => {
  const tray = desktop.start();
  await tray.untilRow('status', /^Running/);
  const pid = daemonPid(desktop);
  await tray.control('suspend');
  killQuietly(pid, 'SIGSTOP');
  await tray.control('resume');
  killQuietly(pid, 'SIGCONT');
  await openWindow(desktop, 'vscode-1');
  await tray.untilRow('status', /1 session/);
  expect(daemonPid(desktop)).toBe(pid);
});
