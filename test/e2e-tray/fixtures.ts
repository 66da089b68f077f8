import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test as base } from '@playwright/test';
import { TestHome } from '../support/daemon-process.ts';
import { FakeSessionBus } from '../support/session-bus.ts';
import { findTool } from '../support/tools.ts';
import { TrayProcess } from './tray-process.ts';

export interface TrayDesktop {
  readonly home: TestHome;
  readonly bus: FakeSessionBus;
  readonly env: Readonly<Record<string, string>>;
  start(args?: readonly string[], more?: Readonly<Record<string, string>>): TrayProcess;
}

/** A desktop of its own for each test: X server, session bus with a tray host, home. Everything in it ends with the test. */
export const test = base.extend<{ desktop: TrayDesktop }, { display: string }>({
  display: [
    // oxlint-disable-next-line eslint/no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
    async ({}, use) => {
      const xvfb = findTool('xvfb');
      if (!('path' in xvfb)) throw new Error(xvfb.skip);
      const server = spawn(xvfb.path, ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [line]: Buffer[] = await once(server.stdout, 'data');
      await use(`:${line?.toString().trim()}`);
      server.kill();
      await once(server, 'exit');
    },
    { scope: 'worker' },
  ],
  desktop: async ({ display }, use) => {
    const home = new TestHome();
    const bus = await new FakeSessionBus(true).start();
    const chromiumPath = findTool('chromium');
    const env = {
      DISPLAY: display,
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus.path}`,
      ...('path' in chromiumPath ? { DOUBLE_CHROMIUM: chromiumPath.path } : {}),
    };
    const started: TrayProcess[] = [];
    await use({
      home,
      bus,
      env,
      start(args = [], more = {}) {
        const tray = new TrayProcess(home, { ...env, ...more }, args);
        started.push(tray);
        return tray;
      },
    });
    for (const tray of started) await tray.end();
    await bus.stop();
    await home.cleanUp();
  },
});

/** The daemon that serves this desktop now. */
export function daemonPid({ home }: TrayDesktop): number {
  const file = home.readDiscovery();
  if (file.state !== 'running') throw new Error('no daemon runs');
  return file.pid;
}

export { expect } from '@playwright/test';
