import { expect, type Page } from '@playwright/test';
import { isProcessAlive } from '../../platform/process-info.ts';
import type { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { killQuietly } from '../support/processes.ts';

/** The app in a process of its own, as far as a test can see it on the double and on Electron alike. */
export interface AppUnderTest {
  readonly pid: number;
  /** Exit code; null after a signal. */
  readonly exited: Promise<number | null>;
  /** The page of its window. */
  page(): Promise<Page>;
  isWindowVisible(): Promise<boolean>;
  /** What ✕ does. */
  closeWindow(): Promise<void>;
  end(): Promise<void>;
}

export interface AppDesktop {
  readonly home: TestHome;
  start(args?: readonly string[]): AppUnderTest;
}

export interface Scenario {
  readonly title: string;
  readonly run: (desktop: AppDesktop) => Promise<void>;
}

function runningPid({ home }: AppDesktop): number {
  const file = home.readDiscovery();
  if (file.state !== 'running') throw new Error('no daemon runs');
  return file.pid;
}

async function untilVisible(app: AppUnderTest, isWanted: boolean): Promise<void> {
  const what = `the window ${isWanted ? 'shown' : 'hidden'}`;
  await eventually(what, async () => ((await app.isWindowVisible()) === isWanted ? true : undefined), 20_000);
}

async function untilRunning(page: Page): Promise<void> {
  await expect(page.getByTestId('status-pill')).toContainText('Running', { timeout: 20_000 });
}

/** What holds for the app whatever draws it. Run on the double by tray.e2e.ts, on a real Electron by electron.e2e.ts. */
export const scenarios: readonly Scenario[] = [
  {
    title: 'TRAY-bridge: the page has the verbs, nothing of Electron or Node, and a wrong command is refused',
    async run(desktop) {
      const page = await desktop.start().page();
      await untilRunning(page);
      const seen = await page.evaluate<[string[], string]>(
        'Promise.resolve([Object.keys(exaiHost).sort(), typeof require + typeof process])',
      );
      expect(seen[0]).toHaveLength(9);
      expect(seen[1]).toBe('undefinedundefined');
      expect(await page.evaluate('exaiHost.command({ type: "format-disk" })')).toMatchObject({
        ok: false,
        code: 'VALIDATION_ERROR',
      });
    },
  },
  {
    title: 'TRAY-follows: the page of a daemon that was killed says so, and is back with the next daemon',
    async run(desktop) {
      const page = await desktop.start().page();
      await untilRunning(page);
      const before = runningPid(desktop);
      killQuietly(before, 'SIGKILL');
      await eventually('another daemon', () => {
        const file = desktop.home.readDiscovery();
        return file.state === 'running' && file.pid !== before ? true : undefined;
      });
      await untilRunning(page);
    },
  },
  {
    title: 'TRAY-killed: a killed tray takes no window of an editor with it, and the next one adopts',
    async run(desktop) {
      const tray = desktop.start();
      await untilRunning(await tray.page());
      const pid = runningPid(desktop);
      const editor = desktop.home.startShim({ env: { EXAI_SESSION_ID: 'window-1' } });
      await editor.initialize();
      killQuietly(tray.pid, 'SIGKILL');
      await tray.exited;
      await tray.end();
      await editor.callTool('version');
      const next = desktop.start();
      const page = await next.page();
      await untilRunning(page);
      await expect(page.getByTestId('session-row')).toHaveCount(1);
      expect(runningPid(desktop)).toBe(pid);
      expect(isProcessAlive(pid)).toBe(true);
    },
  },
  {
    title: 'TRAY-close: ✕ puts the window away and leaves app and daemon alone',
    async run(desktop) {
      const tray = desktop.start();
      await untilRunning(await tray.page());
      const pid = runningPid(desktop);
      await tray.closeWindow();
      await untilVisible(tray, false);
      expect(isProcessAlive(tray.pid)).toBe(true);
      expect(isProcessAlive(pid)).toBe(true);
    },
  },
  {
    title: 'TRAY-single: a second start ends at once and shows the window of the first',
    async run(desktop) {
      const tray = desktop.start(['--hidden']);
      await untilRunning(await tray.page());
      expect(await tray.isWindowVisible()).toBe(false);
      expect(await desktop.start().exited).toBe(0);
      await untilVisible(tray, true);
    },
  },
];
