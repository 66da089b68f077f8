import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TrayProcess } from '../e2e-tray/tray-process.ts';
import { Flood, floodEnv } from '../support/flood.ts';
import { untilOnScreen } from '../support/on-screen.ts';
import { FakeSessionBus } from '../support/session-bus.ts';
import { findTool } from '../support/tools.ts';
import type { Bench, Measurement } from './bench.ts';
import { cpuMs, pause, pssMegabytes, settled } from './process-figures.ts';
import type { Row } from './report.ts';
import { median } from './statistics.ts';

const clicks = 20;
const sessions = 50;
/** Something changes in every frame of the feed, ten times a second. */
const load = { perSecond: 100, callMs: 200 } as const;
const watchMs = 20_000;
const hourMs = 3_600_000;

/**
 * The tray app on the double of Electron: its own main process is real, its window is Debian's Chromium. The figures are the
 * double's; what Electron itself adds is not among them.
 */
export const trayApp: Measurement = {
  ids: ['TRAY'],
  run: async (bench: Bench): Promise<readonly Row[]> => {
    const tools = ['chromium', 'xvfb', 'xdotool', 'xclip'] as const;
    if (tools.some((name) => 'skip' in findTool(name))) return [];
    const { home, daemon } = await bench.testDaemon(floodEnv);
    const bus = await new FakeSessionBus(true).start();
    const screen = await startScreen();
    let flood: Flood | undefined;
    let app: TrayProcess | undefined;
    try {
      app = new TrayProcess(home, {
        DISPLAY: screen.display,
        DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus.path}`,
        DOUBLE_CHROMIUM: pathOf('chromium'),
      });
      await app.untilPicture('idle');
      await app.page();

      const shownMs: number[] = [];
      for (let click = 0; click < clicks; click += 1) {
        bench.say(`TRAY click ${click + 1} of ${clicks}`);
        await app.closeWindow();
        await untilOnScreen(screen.display, false);
        const clickedAt = performance.now();
        await app.control('tray-click');
        await untilOnScreen(screen.display, true);
        shownMs.push(performance.now() - clickedAt);
      }
      await app.closeWindow();
      const { pid } = app;
      const idleMb = await settled(() => pssMegabytes(pid));

      bench.say(`TRAY ${sessions} sessions`);
      flood = await Flood.open(daemon.port, sessions);
      await flood.run({ ...load, forMs: 5_000 });
      const before = { cpu: cpuMs(pid), mb: pssMegabytes(pid) };
      const running = flood.run({ ...load, forMs: watchMs });
      await pause(watchMs);
      const usedMs = cpuMs(pid) - before.cpu;
      await running;
      const grownMb = pssMegabytes(pid) - before.mb;
      return [
        {
          id: 'TRAY',
          what: 'from the click on the icon to the window on the screen',
          unit: 'ms',
          values: { exai: median(shownMs) },
          target: { atMost: 400, text: '≤ 400 ms' },
          note: `median of ${clicks}, double`,
        },
        {
          id: 'TRAY',
          what: 'memory of the idle main process, window away',
          unit: 'MB',
          values: { exai: idleMb },
          note: 'PSS, double on plain Node',
        },
        {
          id: 'TRAY',
          what: `main process while ${sessions} sessions change all the time, window away, share of a core`,
          unit: '%',
          values: { exai: (usedMs / watchMs) * 100 },
          note: 'double',
        },
        {
          id: '',
          what: 'processor time of an hour of such updates',
          unit: 'ms',
          values: { exai: (usedMs / watchMs) * hourMs },
          note: `reckoned from ${watchMs / 1000} s`,
        },
        { id: '', what: `growth of the main process over ${watchMs / 1000} s`, unit: 'MB', values: { exai: grownMb } },
      ];
    } finally {
      flood?.close();
      await app?.end();
      await screen.stop();
      await bus.stop();
      await home.cleanUp();
    }
  },
};

async function startScreen(): Promise<{ readonly display: string; readonly stop: () => Promise<void> }> {
  const server = spawn(pathOf('xvfb'), ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line]: Buffer[] = await once(server.stdout, 'data');
  return {
    display: `:${line?.toString().trim()}`,
    stop: async () => {
      server.kill();
      await once(server, 'exit');
    },
  };
}

function pathOf(name: Parameters<typeof findTool>[0]): string {
  const found = findTool(name);
  if ('skip' in found) throw new Error(found.skip);
  return found.path;
}
