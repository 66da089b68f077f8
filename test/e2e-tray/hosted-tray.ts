import { existsSync, readFileSync } from 'node:fs';
import { test as base } from '@playwright/test';
import { readPng } from '../packaging/pictures.ts';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { findTool } from '../support/tools.ts';
import { changedBelow, findIcon, type Place } from './tray-host/find-icon.ts';
import { cornerOf, keepPicture } from './tray-host/keep-picture.ts';
import type { IconPicture } from './tray-host/sni-item.ts';
import { panelHeight, TrayHostScene } from './tray-host/tray-host-scene.ts';
import { TrayProcess } from './tray-process.ts';

/** Of a desktop: the ground of its panel, and the glyph that is seen on it. */
const themes = {
  dark: { panelColour: '#131313', glyph: 'light' },
  light: { panelColour: '#eff0f1', glyph: 'dark' },
} as const;
export type Theme = keyof typeof themes;

interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The app on a desktop whose panel really draws its icon and opens its menu. */
export class HostedTray {
  readonly app: TrayProcess;
  readonly #scene: TrayHostScene;
  readonly #theme: Theme;

  constructor(scene: TrayHostScene, app: TrayProcess, theme: Theme) {
    this.#scene = scene;
    this.app = app;
    this.#theme = theme;
  }

  /** Chooses theme and glyph for this desktop, as a person does in the settings. */
  async dress(): Promise<void> {
    const page = await this.app.page();
    const preference = { theme: this.#theme, trayGlyph: themes[this.#theme].glyph };
    await page.evaluate(`exaiHost.setPreference(${JSON.stringify(preference)})`);
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

  /** A pointed-at icon has another ground. */
  async pointAway(): Promise<void> {
    await this.#scene.pointer(10, 700);
  }

  /** Opens the menu on the panel and waits until it rests. Resolves with its edges. */
  async openMenu(picture: string): Promise<Area> {
    await this.pointAway();
    const { x, y } = await this.untilShown(picture);
    const before = await this.screen();
    await this.#scene.pointer(x + 8, y + 8, 3);
    let last: Buffer | undefined;
    return await eventually('a menu below the panel', async () => {
      const now = await this.#scene.screenshot();
      const rests = last?.equals(now) === true;
      last = now;
      const change = changedBelow(before, readPng(now), panelHeight);
      return rests && change !== undefined && change.width > 100 && change.height > 150 ? change : undefined;
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

  /** Clicks a row of the open menu with the pointer. All rows are equally high: none is a separator. */
  async point(area: Area, label: RegExp): Promise<void> {
    const { trays } = await this.app.state();
    const rows = trays[0]?.menu ?? [];
    const place = rows.findIndex((row) => label.test(row.label));
    if (place < 0) throw new Error(`no row ${String(label)}`);
    const rowHeight = area.height / rows.length;
    await this.#scene.pointer(area.left + 60, Math.round(area.top + (place + 0.5) * rowHeight), 1);
  }

  async screenshot(): Promise<Buffer> {
    return await this.#scene.screenshot();
  }

  async keep(name: string, size?: { readonly width: number; readonly height: number }): Promise<void> {
    const png = await this.#scene.screenshot();
    keepPicture(`tray-app-${name}-${this.#theme}.png`, size === undefined ? png : cornerOf(png, size));
  }
}

export const test = base.extend<{
  theme: Theme;
  home: TestHome;
  hosted: (env?: Readonly<Record<string, string>>) => Promise<HostedTray>;
}>({
  theme: ['dark', { option: true }],
  // oxlint-disable-next-line eslint/no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
  home: async ({}, use) => {
    const home = new TestHome();
    await use(home);
    await home.cleanUp();
  },
  hosted: async ({ theme, home }, use) => {
    const scene = await TrayHostScene.start({ panelColour: themes[theme].panelColour });
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
      return new HostedTray(scene, app, theme);
    });
    await app?.end();
    await scene.stop();
  },
});

export { expect } from '@playwright/test';
