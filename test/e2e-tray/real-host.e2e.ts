import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { test as base, expect } from '@playwright/test';
import { readPng } from '../packaging/pictures.ts';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { findTool } from '../support/tools.ts';
import { changedBelow, findIcon, type Place } from './tray-host/find-icon.ts';
import { cornerOf, keepPicture } from './tray-host/keep-picture.ts';
import type { IconPicture } from './tray-host/sni-item.ts';
import { panelHeight, TrayHostScene } from './tray-host/tray-host-scene.ts';
import { TrayProcess } from './tray-process.ts';

const whyNot = TrayHostScene.whyNot;
/** A panel's ground, and the glyph that is seen on it. */
const grounds = { light: '#131313', dark: '#eff0f1' } as const;
type Glyph = keyof typeof grounds;

/** The app on a desktop whose panel really draws its icon and opens its menu. */
class HostedTray {
  readonly app: TrayProcess;
  readonly #scene: TrayHostScene;

  constructor(scene: TrayHostScene, app: TrayProcess) {
    this.#scene = scene;
    this.app = app;
  }

  async screen(): Promise<IconPicture> {
    return readPng(await this.#scene.screenshot());
  }

  /** Waits until the panel shows the picture that the app has asked for, and that it is this one. */
  async untilShown(picture: string): Promise<Place> {
    return await eventually(
      `${picture} in the panel`,
      async () => {
        const { trays } = await this.app.state();
        const path = trays[0]?.image ?? '';
        if (!path.includes(`/${picture}-`) || !existsSync(path)) return undefined;
        return findIcon(await this.screen(), readPng(readFileSync(path)), { height: panelHeight });
      },
      30_000,
    );
  }

  /** Opens the menu on the panel and waits until it rests. */
  async openMenu(picture: string): Promise<void> {
    await this.#scene.pointer(10, 700); // a pointed-at icon has another ground
    const { x, y } = await this.untilShown(picture);
    const before = await this.screen();
    await this.#scene.pointer(x + 8, y + 8, 3);
    let last: Buffer | undefined;
    await eventually('a menu below the panel', async () => {
      const now = await this.#scene.screenshot();
      const rests = last?.equals(now) === true;
      last = now;
      const change = changedBelow(before, readPng(now), panelHeight);
      return rests && change !== undefined && change.width > 100 && change.height > 150 ? true : undefined;
    });
  }

  async keys(...names: string[]): Promise<void> {
    await this.#scene.keys(...names);
  }

  async activate(picture: string): Promise<void> {
    const { x, y } = await this.untilShown(picture);
    await this.#scene.pointer(x + 8, y + 8, 1);
  }

  /** Chooses a row of the open menu by its place: hosts skip rows that are disabled. */
  async choose(label: RegExp): Promise<void> {
    const { trays } = await this.app.state();
    const enabled = (trays[0]?.menu ?? []).filter(({ isEnabled }) => isEnabled);
    const place = enabled.findIndex((row) => label.test(row.label));
    if (place < 0) throw new Error(`no enabled row ${String(label)}`);
    await this.keys(...Array.from({ length: place + 1 }, () => 'Down'), 'Return');
  }

  async keep(name: string, size?: { readonly width: number; readonly height: number }): Promise<void> {
    const png = await this.#scene.screenshot();
    keepPicture(name, size === undefined ? png : cornerOf(png, size));
  }
}

const test = base.extend<{
  glyph: Glyph;
  home: TestHome;
  hosted: (env?: Readonly<Record<string, string>>) => Promise<HostedTray>;
}>({
  glyph: ['light', { option: true }],
  // oxlint-disable-next-line eslint/no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
  home: async ({}, use) => {
    const home = new TestHome();
    await use(home);
    await home.cleanUp();
  },
  hosted: async ({ glyph, home }, use) => {
    const scene = await TrayHostScene.start({ panelColour: grounds[glyph] });
    const chromium = findTool('chromium');
    let app: TrayProcess | undefined;
    await use(async (more = {}) => {
      app = new TrayProcess(home, {
        DISPLAY: scene.env['DISPLAY'] ?? '',
        DBUS_SESSION_BUS_ADDRESS: scene.busAddress,
        DOUBLE_TRAY: 'bus',
        ...('path' in chromium ? { DOUBLE_CHROMIUM: chromium.path } : {}),
        ...more,
      });
      return new HostedTray(scene, app);
    });
    await app?.end();
    await scene.stop();
  },
});

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
  const editor = home.startShim({
    env: { EXAI_SESSION_ID: 'vscode-instance-1', EXAI_SERVER_NAME: 'EXAI-WS-VSCode1' },
  });
  await editor.initialize();
  const call = editor.callTool('sleep', { ms: 3_000 });
  await tray.untilShown('working');
  await call;
  await tray.untilShown('idle');
  await tray.app.untilRow('status', /1 session/);

  await tray.openMenu('idle');
  await tray.keep('tray-app-menu-light.png', { width: 640, height: 400 });
  await tray.app.control('window-close');
  await tray.app.until('hidden', ({ windows }) => windows[0]?.isVisible === false || undefined);
  await tray.choose(/^Open EXAI Tray/);
  await tray.app.until('the window', ({ windows }) => windows[0]?.isVisible || undefined);
  await tray.app.control('window-close');
  await tray.app.until('hidden', ({ windows }) => windows[0]?.isVisible === false || undefined);
  await tray.activate('idle');
  await tray.app.until('the window', ({ windows }) => windows[0]?.isVisible || undefined);
  const page = await tray.app.page();
  await expect(page.getByTestId('session-row')).toHaveCount(1);
  await tray.keep('tray-app-desktop-light.png');

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
  await tray.keep('tray-app-error-light.png', { width: 320, height: 60 });
  holder.close();
});
