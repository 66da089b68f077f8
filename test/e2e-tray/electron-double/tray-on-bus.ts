import { existsSync, readFileSync } from 'node:fs';
import type { MenuItemConstructorOptions } from 'electron';
import type { Picture } from '../../packaging/pictures.ts';
import type { SniItem, SniModel } from '../tray-host/sni-item.ts';
import type { MenuRow } from '../tray-host/sni-menu.ts';

/** What is shown of a tray of the double. */
export interface ShownTray {
  readonly image: { readonly path: string };
  readonly toolTip: string;
  readonly menu: { readonly template: readonly MenuItemConstructorOptions[] } | undefined;
  emit(event: 'click'): boolean;
}

/**
 * Shows a tray of the double on the session bus, as Electron shows its own on Linux: what is drawn and clicked there is the
 * desktop's real tray host. Changes are taken together, once per turn of the loop.
 */
export class TrayOnBus {
  readonly #tray: ShownTray;
  readonly #item: Promise<SniItem>;
  #readPng: (png: Buffer) => Picture = () => ({ width: 0, height: 0, rgba: new Uint8Array() });
  #isRemoved = false;
  #isChanged = false;

  constructor(tray: ShownTray) {
    this.#tray = tray;
    this.#item = this.#publish();
    this.#item.catch((error: unknown) => process.stderr.write(`double: no icon on the bus: ${String(error)}\n`));
  }

  changed(): void {
    if (this.#isChanged) return;
    this.#isChanged = true;
    setImmediate(() => {
      this.#isChanged = false;
      void this.#item.then((item) => {
        if (!this.#isRemoved) item.update(this.#model());
      });
    });
  }

  remove(): void {
    this.#isRemoved = true;
    void this.#item.then((item) => item.remove());
  }

  /** The app is loaded by `require`, which cannot wait; what reads pictures has to. */
  async #publish(): Promise<SniItem> {
    const [{ readPng }, { SniItem: Item }] = await Promise.all([
      import('../../packaging/pictures.ts'),
      import('../tray-host/sni-item.ts'),
    ]);
    this.#readPng = readPng;
    return await Item.publish(this.#model(), {
      id: 'exai-tray',
      onActivate: () => this.#tray.emit('click'),
      onMenuClick: (row) => click(this.#rows(), row),
    });
  }

  #rows(): readonly MenuItemConstructorOptions[] {
    return this.#tray.menu?.template ?? [];
  }

  /** Electron takes `name@2x.png` beside `name.png` by itself. */
  #pictures(): Picture[] {
    const { path } = this.#tray.image;
    const files = [path, path.replace(/[.]png$/, '@2x.png')];
    return files.filter((file) => existsSync(file)).map((file) => this.#readPng(readFileSync(file)));
  }

  #model(): SniModel {
    return { icon: this.#pictures(), tooltip: this.#tray.toolTip, menu: this.#rows().map(rowOf) };
  }
}

function rowOf({ id, label, type, checked, enabled, submenu }: MenuItemConstructorOptions): MenuRow {
  return {
    ...(id === undefined ? {} : { id }),
    ...(label === undefined ? {} : { label }),
    ...(type === 'separator' || type === 'checkbox' ? { type } : {}),
    ...(checked === undefined ? {} : { checked }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(Array.isArray(submenu) ? { submenu: submenu.map(rowOf) } : {}),
  };
}

function click(rows: readonly MenuItemConstructorOptions[], wanted: MenuRow): void {
  for (const row of rows) {
    if (row.id === wanted.id && row.enabled !== false) (row.click as (() => void) | undefined)?.();
    if (Array.isArray(row.submenu)) click(row.submenu, wanted);
  }
}
