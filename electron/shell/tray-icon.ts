import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, nativeTheme, Tray } from 'electron';
import type { HostPreferences } from '../../protocol/host-bridge.ts';
import type { TrayModel } from '../core/tray-model.ts';
import type { TrayRow } from '../core/tray-row.ts';
import { trayPictureFile } from '../core/tray-state.ts';

export interface TrayIconOptions {
  /** Folder of the rendered pictures. */
  readonly pictures: string;
  readonly glyph: () => HostPreferences['trayGlyph'];
  readonly onPrimaryClick: () => void;
  readonly onRow: (id: string) => void;
}

/** Draws the model of the tray. macOS opens the menu by itself on any click; elsewhere the primary click is ours. */
export class TrayIcon {
  readonly #options: TrayIconOptions;
  #tray: Tray | undefined;
  #drawn: { readonly file: string; readonly tooltip: string; readonly menu: string } | undefined;
  #last: { readonly model: TrayModel; readonly picture: string } | undefined;

  constructor(options: TrayIconOptions) {
    this.#options = options;
    nativeTheme.on('updated', () => this.#redraw());
  }

  draw(model: TrayModel, picture: string): void {
    this.#last = { model, picture };
    const file = trayPictureFile(picture, {
      platform: process.platform,
      isBarDark: nativeTheme.shouldUseDarkColorsForSystemIntegratedUI,
      glyph: this.#options.glyph(),
    });
    const { tooltip } = model;
    const menu = JSON.stringify(model.menu);
    const tray = this.#made(file);
    if (this.#drawn?.file !== file) tray.setImage(this.#image(file));
    if (this.#drawn?.tooltip !== tooltip) tray.setToolTip(tooltip);
    if (this.#drawn?.menu !== menu) tray.setContextMenu(Menu.buildFromTemplate(this.#rows(model.menu)));
    this.#drawn = { file, tooltip, menu };
  }

  /** A host of tray icons came back: an icon made before it is lost. */
  recreate(): void {
    this.destroy();
    this.#redraw();
  }

  bounds(): Electron.Rectangle | undefined {
    return process.platform === 'linux' ? undefined : this.#tray?.getBounds();
  }

  destroy(): void {
    this.#tray?.destroy();
    this.#tray = undefined;
    this.#drawn = undefined;
  }

  #made(file: string): Tray {
    if (this.#tray !== undefined) return this.#tray;
    const tray = new Tray(this.#image(file));
    if (process.platform !== 'darwin') tray.on('click', () => this.#options.onPrimaryClick());
    this.#tray = tray;
    return tray;
  }

  #redraw(): void {
    if (this.#last !== undefined) this.draw(this.#last.model, this.#last.picture);
  }

  #image(file: string): Electron.NativeImage {
    return nativeImage.createFromPath(join(this.#options.pictures, file));
  }

  #rows(rows: readonly TrayRow[]): MenuItemConstructorOptions[] {
    return rows.map(({ id, label, isEnabled, isChecked, submenu }) => ({
      id,
      label,
      enabled: isEnabled,
      ...(isChecked === undefined ? {} : { type: 'checkbox' as const, checked: isChecked }),
      ...(submenu === undefined ? { click: () => this.#options.onRow(id) } : { submenu: this.#rows(submenu) }),
    }));
  }
}
