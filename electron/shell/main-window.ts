import { BrowserWindow, screen, shell } from 'electron';
import { appOrigin, hostStateChannel } from '../../protocol/host-verbs.ts';
import type { DesktopPorts } from '../core/desktop-ports.ts';
import { isAllowedLink, isOwnPage } from '../core/link-policy.ts';
import type { Settings } from '../core/settings.ts';
import { layoutKey, windowPlace, windowSize } from '../core/window-place.ts';

export interface MainWindowOptions {
  readonly preload: string;
  readonly settings: Settings;
  /** Place of the tray icon, where the system tells. */
  readonly trayBounds: () => Electron.Rectangle | undefined;
  /** ✕ was clicked. True: let it close. */
  readonly onClose: () => boolean;
  /** macOS: the Dock shows the app while its window is open. */
  readonly onVisible: (isVisible: boolean) => void;
}

/** A move that has rested this long has ended. */
const settledMs = 300;

/** The one window. Made hidden at the start and kept, so that a click shows it at once. */
export class MainWindow {
  readonly #window: BrowserWindow;
  readonly #options: MainWindowOptions;
  #settling: NodeJS.Timeout | undefined;

  constructor(options: MainWindowOptions) {
    this.#options = options;
    const place = this.#place();
    this.#window = new BrowserWindow({
      ...place,
      minWidth: windowSize.minWidth,
      minHeight: windowSize.minHeight,
      show: false,
      title: 'EXAI Tray',
      autoHideMenuBar: true,
      fullscreenable: false,
      webPreferences: {
        preload: options.preload,
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        spellcheck: false,
      },
    });
    this.#guard();
    this.#window.on('close', (event) => {
      if (!options.onClose()) event.preventDefault();
    });
    this.#window.on('show', () => options.onVisible(true));
    this.#window.on('hide', () => options.onVisible(false));
    this.#window.on('moved', () => this.#remember());
    this.#window.on('resized', () => this.#remember());
    if (process.platform === 'linux') {
      this.#window.on('move', () => this.#rememberSoon());
      this.#window.on('resize', () => this.#rememberSoon());
    }
  }

  /** Loads the page; resolves when it is there. */
  async load(): Promise<void> {
    await this.#window.loadURL(`${appOrigin}/index.html`);
  }

  readonly port: DesktopPorts['window'] = {
    show: ({ hash, inactive }) => this.#show(hash, inactive),
    hide: () => this.#window.hide(),
    minimise: () => this.#window.minimize(),
    isVisible: () => this.#window.isVisible() && !this.#window.isMinimized(),
    push: (state) => this.#window.webContents.send(hostStateChannel, state),
    setOnTop: (isOnTop) => this.#window.setAlwaysOnTop(isOnTop),
  };

  get window(): BrowserWindow {
    return this.#window;
  }

  #show(hash: string, inactive: boolean): void {
    if (hash !== '') void this.#window.webContents.executeJavaScript(`location.hash = ${JSON.stringify(hash)};`);
    if (!this.#window.isVisible()) this.#window.setBounds(this.#place());
    if (this.#window.isMinimized()) this.#window.restore();
    if (inactive) {
      this.#window.showInactive();
      return;
    }
    this.#window.show();
    this.#window.focus();
  }

  #place(): Electron.Rectangle {
    const { settings, trayBounds } = this.#options;
    const all = screen.getAllDisplays();
    const primary = screen.getPrimaryDisplay();
    const screens = [primary, ...all.filter(({ id }) => id !== primary.id)] as const;
    return windowPlace({ screens, remembered: settings.now.places[layoutKey(screens)], tray: trayBounds() });
  }

  /** Linux tells each step of a move, and not its end. */
  #rememberSoon(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#remember(), settledMs);
  }

  /** Of a minimised or maximised window: where it is otherwise. */
  #remember(): void {
    if (this.#window.isDestroyed()) return;
    const { settings } = this.#options;
    const key = layoutKey(screen.getAllDisplays());
    settings.change({ places: { ...settings.now.places, [key]: this.#window.getNormalBounds() } });
  }

  /** Nothing but our page is shown, nothing is opened but what the policy allows, nothing is permitted. */
  #guard(): void {
    const { webContents } = this.#window;
    webContents.setWindowOpenHandler(({ url }) => {
      if (isAllowedLink(url)) void shell.openExternal(url);
      return { action: 'deny' };
    });
    webContents.on('will-navigate', stay);
    webContents.on('will-redirect', stay);
    webContents.on('will-attach-webview', (event) => event.preventDefault());
    webContents.session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
    webContents.session.setPermissionCheckHandler(() => false);
  }
}

function stay(event: { readonly url: string; preventDefault(): void }): void {
  if (!isOwnPage(event.url)) event.preventDefault();
}
