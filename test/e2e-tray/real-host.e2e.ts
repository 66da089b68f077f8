import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { isProcessAlive } from '../../platform/process-info.ts';
import type { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { killQuietly } from '../support/processes.ts';
import { expect, test } from './hosted-tray.ts';
import { keepPicture, stackOf } from './tray-host/keep-picture.ts';
import { panelHeight, TrayHostScene } from './tray-host/tray-host-scene.ts';

const whyNot = TrayHostScene.whyNot;
test.skip(whyNot !== undefined, whyNot);

test('TRAY-real-host: the panel shows the real icon as the daemon starts, works and stops, and its menu acts', async ({
  home,
  hosted,
}) => {
  const program = process.env['EXAI_TEST_DAEMON'];
  if (program === undefined) throw new Error('the global set-up has not run');
  await home.startDaemon({ program }); // one with slow tools, for the tray to adopt
  const tray = await hosted();
  await tray.untilShown('idle');
  await tray.dress();
  const editor = home.startShim({
    env: { EXAI_SESSION_ID: 'vscode-instance-1', EXAI_SERVER_NAME: 'EXAI-WS-VSCode1' },
  });
  await editor.initialize();
  const call = editor.callTool('sleep', { ms: 3_000 });
  await tray.untilShown('working');
  await call;
  await tray.untilShown('idle');
  await tray.app.untilRow('status', /1 session/);

  await tray.app.control('window-close');
  await tray.app.until('hidden', ({ windows }) => windows[0]?.isVisible === false || undefined);
  await tray.openMenu('idle');
  await tray.choose(/^Open EXAI Tray/);
  await tray.app.until('the window', ({ windows }) => windows[0]?.isVisible || undefined);
  await tray.app.control('window-close');
  await tray.app.until('hidden', ({ windows }) => windows[0]?.isVisible === false || undefined);
  await tray.activate('idle');
  await tray.app.until('the window', ({ windows }) => windows[0]?.isVisible || undefined);
  const page = await tray.app.page();
  await expect(page.getByTestId('session-row')).toHaveCount(1);

  await tray.app.click('daemon:stop');
  await tray.untilShown('stopped');
});

test('TRAY-real-host: a taken port shows as the picture of an error, with the cure in the menu', async ({ hosted }) => {
  const holder: Server = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const tray = await hosted({ EXAI_WS_PORT: String(port) });
  await tray.untilShown('error');
  await tray.app.untilRow('problem', new RegExp(`Port ${port} is taken`));
  await tray.keep('error', { width: 320, height: 60 });
  holder.close();
});

const states = ['idle', 'working', 'attention', 'stopped', 'starting', 'error'] as const;

for (const theme of ['dark', 'light'] as const) {
  test.describe(`on a ${theme} panel`, () => {
    test.use({ theme });

    test('TRAY-real-host: each of the six states is on the panel, and a row that is clicked with the pointer acts', async ({
      home,
      hosted,
    }) => {
      test.setTimeout(120_000);
      const program = process.env['EXAI_TEST_DAEMON'];
      if (program === undefined) throw new Error('the global set-up has not run');
      await home.startDaemon({ program, env: { EXAI_WS_SESSION_MAX_INFLIGHT: '1' } });
      const tray = await hosted();
      const pictures = new Map<string, Buffer>();
      const see = async (state: (typeof states)[number]): Promise<void> => {
        await tray.untilShown(state);
        pictures.set(state, await tray.screenshot());
      };
      await tray.app.untilRow('status', /^Running/);
      await tray.dress();
      await tray.pointAway();
      await see('idle');

      const editor = home.startShim({
        env: { EXAI_SESSION_ID: 'vscode-instance-1', EXAI_SERVER_NAME: 'EXAI-WS-VSCode1' },
      });
      await editor.initialize();
      const call = editor.callTool('sleep', { ms: 4_000 });
      await see('working');
      await editor.callTool('sleep', { ms: 1 }); // over the limit of one: refused
      await call;
      await see('attention');

      // First, for its clock ticks on the screen.
      await tray.app.closeWindow();
      await tray.app.until('hidden', ({ windows }) => windows[0]?.isVisible === false || undefined);
      const area = await tray.openMenu('attention');
      await tray.keep('menu', { width: 640, height: 400 });
      await tray.point(area, /^Open EXAI Tray/);
      await tray.app.until('the window', ({ windows }) => windows[0]?.isVisible || undefined);
      await tray.pointAway();
      await tray.untilShown('attention');
      await expect((await tray.app.page()).getByTestId('session-row')).toHaveCount(1);
      await tray.keep('desktop');

      await tray.app.click('daemon:stop');
      await see('stopped');
      await tray.app.click('daemon:start');
      await tray.untilShown('idle');
      // The pause before the next start grows with each crash; after the fifth the app gives up.
      let killed = 0;
      for (let crash = 1; crash <= 5; crash += 1) {
        killed = await runningPid(home, killed);
        killQuietly(killed, 'SIGKILL');
        if (crash === 4) await see('starting');
      }
      await see('error');
      expect([...pictures.keys()].toSorted()).toEqual(states.toSorted());
      const strips = states.flatMap((state) => pictures.get(state) ?? []);
      keepPicture(`tray-app-states-${theme}.png`, stackOf(strips, { width: 90, height: panelHeight, labels: states }));
    });
  });
}

/** The daemon that serves this home, once there is another than that one. */
async function runningPid(home: TestHome, other: number): Promise<number> {
  return await eventually(
    'a running daemon',
    () => {
      const read = home.readDiscovery();
      return read.state === 'running' && read.pid !== other && isProcessAlive(read.pid) ? read.pid : undefined;
    },
    20_000,
  );
}
