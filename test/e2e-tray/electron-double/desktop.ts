import { execFile, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { promisify } from 'node:util';
import type { MenuItemConstructorOptions } from 'electron';
import { record, type ThemeSource } from './record.ts';
import { TrayOnBus } from './tray-on-bus.ts';

const run = promisify(execFile);

/** A menu as data; a test reads and clicks it. */
export class Menu {
  readonly template: readonly MenuItemConstructorOptions[];

  constructor(template: readonly MenuItemConstructorOptions[]) {
    this.template = template;
  }

  static setApplicationMenu(menu: Menu): void {
    record.applicationMenu = menu.template.map(({ role = '' }) => role);
  }

  static buildFromTemplate(template: readonly MenuItemConstructorOptions[]): Menu {
    return new Menu(template);
  }
}

export interface DoubleImage {
  readonly path: string;
}
export const nativeImage = { createFromPath: (path: string): DoubleImage => ({ path }) };

/** Trays that are shown; a test reads them. */
export const trays = new Set<Tray>();

export class Tray extends EventEmitter {
  image: DoubleImage;
  toolTip = '';
  menu: Menu | undefined;
  imageChanges = 0;
  /** With a tray host on the desktop that is asked to show it. */
  readonly #shown: TrayOnBus | undefined;

  constructor(image: DoubleImage) {
    super();
    this.image = image;
    trays.add(this);
    if (process.env['DOUBLE_TRAY'] === 'bus') this.#shown = new TrayOnBus(this);
  }

  setImage(image: DoubleImage): void {
    this.image = image;
    this.imageChanges += 1;
    this.#shown?.changed();
  }

  setToolTip(text: string): void {
    this.toolTip = text;
    this.#shown?.changed();
  }

  setContextMenu(menu: Menu): void {
    this.menu = menu;
    this.#shown?.changed();
  }

  getBounds() {
    return { x: 0, y: 0, width: 0, height: 0 };
  }

  destroy(): void {
    trays.delete(this);
    this.#shown?.remove();
  }
}

/** The real clipboard of the X server. */
export const clipboard = {
  async writeText(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const child = spawn('xclip', ['-selection', 'clipboard'], { stdio: ['pipe', 'ignore', 'ignore'] });
      child.on('error', reject);
      child.on('exit', () => resolve());
      child.stdin.end(text);
    });
    // A copy of xclip stays behind as the owner; under load the X server hears of it only after xclip has left.
    for (let tries = 0; tries < 40 && (await clipboard.readText()) !== text; tries += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    }
  },
  async readText(): Promise<string> {
    const read = await run('xclip', ['-selection', 'clipboard', '-o']).catch(() => undefined);
    return read?.stdout ?? ''; // nobody owns the selection
  },
};

export class Notification extends EventEmitter {
  readonly #text: { title: string; body: string };

  constructor({ title = '', body = '' }: { title?: string; body?: string }) {
    super();
    this.#text = { title, body };
  }

  show(): void {
    record.notifications.push(this.#text);
  }
}

export const dialog = {
  async showMessageBox(options: { cancelId?: number }): Promise<{ response: number; checkboxChecked: boolean }> {
    record.dialogs.push(options);
    // Nobody is in front of the screen.
    if (record.areDialogsHeld) return await new Promise(() => undefined);
    return record.dialogAnswers.shift() ?? { response: options.cancelId ?? 0, checkboxChecked: false };
  },
  async showOpenDialog(options: object): Promise<{ canceled: boolean; filePaths: string[] }> {
    record.dialogs.push(options);
    return { canceled: true, filePaths: [] };
  },
};

export const shell = {
  async openExternal(url: string): Promise<void> {
    record.opened.push(url);
  },
  async openPath(path: string): Promise<string> {
    record.opened.push(path);
    return '';
  },
  showItemInFolder(path: string): void {
    record.opened.push(path);
  },
};

class NativeTheme extends EventEmitter {
  shouldUseDarkColorsForSystemIntegratedUI = false;
  shouldUseDarkColors = false;
  get themeSource(): ThemeSource {
    return record.themeSource;
  }
  set themeSource(source: ThemeSource) {
    record.themeSource = source;
    this.emit('double-theme'); // for the windows of the double; Electron's own event says what the system wants
  }
}
export const nativeTheme = new NativeTheme();
export const powerMonitor = new EventEmitter();
export const systemPreferences = { getAnimationSettings: () => ({ prefersReducedMotion: false }) };
export const crashReporter = { start(_options: object): void {} };

const display = { id: 1, workArea: { x: 0, y: 0, width: 1280, height: 800 } };
export const screen = { getAllDisplays: () => [display], getPrimaryDisplay: () => display };
