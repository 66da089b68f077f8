import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BrowserWindowConstructorOptions, IpcMainInvokeEvent, Rectangle } from 'electron';
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { app } from './app.ts';
import { toHttp } from './app-server.ts';
import { nativeTheme } from './desktop.ts';
import { assertCarried, bridgeSource, type PageMessage, preloadRequireSource } from './in-page.ts';
import { folder, preventable, record } from './record.ts';
import { WebContents } from './web-contents.ts';
import { findXWindow } from './x-window.ts';

const world = 'electron-preload';
const run = promisify(execFile);

type IpcHandler = (event: IpcMainInvokeEvent, ...args: unknown[]) => unknown;
const ipcHandlers = new Map<string, IpcHandler>();
export const ipcMain = Object.assign(new EventEmitter(), {
  handle(channel: string, handler: IpcHandler): void {
    if (ipcHandlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    ipcHandlers.set(channel, handler);
  },
});

/** Every window that there is, for the control port. */
export const windows = new Set<BrowserWindow>();

/** A real Chromium window. The preload runs in a real isolated world of its top frame. */
export class BrowserWindow extends EventEmitter {
  readonly webContents: WebContents;
  page: Page | undefined;
  readonly #options: BrowserWindowConstructorOptions;
  readonly #profile: string;
  readonly #xClass = `double-${process.pid}-${windows.size + 1}`;
  readonly #started: Promise<void>;
  #context: BrowserContext | undefined;
  #cdp: CDPSession | undefined;
  #preloadWorld: number | undefined;
  #xWindow = '';
  #bounds: Rectangle;
  #isVisible = false;
  #isMinimised = false;
  #isOnTop = false;
  #disposed: Promise<void> | undefined;
  #applied: Promise<unknown> = Promise.resolve();

  constructor(options: BrowserWindowConstructorOptions) {
    super();
    const { nodeIntegration, contextIsolation, sandbox } = options.webPreferences ?? {};
    if (nodeIntegration === true || contextIsolation === false || sandbox === false || options.show !== false) {
      throw new Error('double: only hidden, sandboxed, isolated windows without Node are supported');
    }
    this.#options = options;
    const { x = 80, y = 60, width = 800, height = 600 } = options;
    this.#bounds = { x, y, width, height };
    this.#profile = folder(`profile-${windows.size + 1}`);
    this.webContents = new WebContents(this);
    windows.add(this);
    app.closables.add(this);
    this.#started = this.#launch();
  }

  async loadURL(url: string): Promise<void> {
    const http = await toHttp(url);
    await this.#started;
    await this.page?.goto(http);
  }

  show(): void {
    this.#setVisible(true);
  }

  showInactive(): void {
    this.#setVisible(true);
  }

  hide(): void {
    this.#setVisible(false);
  }

  minimize(): void {
    this.#isMinimised = true;
    this.emit('minimize');
  }

  restore(): void {
    this.#isMinimised = false;
    this.emit('restore');
  }

  focus(): void {}

  isVisible(): boolean {
    return this.#isVisible;
  }

  isMinimized(): boolean {
    return this.#isMinimised;
  }

  setAlwaysOnTop(isOnTop: boolean): void {
    this.#isOnTop = isOnTop;
  }

  isAlwaysOnTop(): boolean {
    return this.#isOnTop;
  }

  getBounds() {
    return this.#bounds;
  }

  getNormalBounds() {
    return this.#bounds;
  }

  isDestroyed(): boolean {
    return !windows.has(this);
  }

  /** A person drags it. As on Linux: each step is told, and the end of it is not. */
  drag(bounds: Rectangle): void {
    this.#bounds = bounds;
    this.emit('move');
    this.emit('resize');
  }

  setBounds(bounds: Partial<Rectangle>): void {
    this.#bounds = { ...this.#bounds, ...bounds };
  }

  close(): void {
    void this.requestClose();
  }

  /** False when a `close` listener prevented it. */
  async requestClose(): Promise<boolean> {
    const event = preventable();
    this.emit('close', event);
    if (event.defaultPrevented) return false;
    await this.dispose();
    return true;
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#closeChromium();
    return this.#disposed;
  }

  /** Where a test's own Playwright joins this window. */
  cdpAddress(): string | undefined {
    const file = join(this.#profile, 'DevToolsActivePort');
    return existsSync(file) ? `http://127.0.0.1:${readFileSync(file, 'utf8').split('\n')[0]}` : undefined;
  }

  /** Without a preload world (before the first load) the message is lost, as it is in Electron. */
  toPreload(message: PageMessage): void {
    if (this.#preloadWorld === undefined) return;
    const expression = `__doubleReceive(${JSON.stringify(message)})`;
    const sent = this.#cdp?.send('Runtime.evaluate', { contextId: this.#preloadWorld, expression });
    sent?.catch(() => undefined); // the page went away meanwhile
  }

  async #launch(): Promise<void> {
    const { x, y, width, height } = this.#bounds;
    const isHeaded = process.env['DISPLAY'] !== undefined;
    this.#context = await chromium.launchPersistentContext(this.#profile, {
      executablePath: process.env['DOUBLE_CHROMIUM'] ?? '/usr/bin/chromium',
      // The bus of a test answers the app's one question and nothing else.
      env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: 'disabled:' },
      headless: !isHeaded,
      // Signals are the app's, as in Electron.
      handleSIGTERM: false,
      handleSIGINT: false,
      handleSIGHUP: false,
      viewport: null,
      args: [
        '--app=data:text/html,', // with about:blank Chromium opens an ordinary window with tabs
        '--test-type', // no bar about --no-sandbox
        `--window-size=${width},${height}`,
        `--window-position=${x},${y}`,
        `--class=${this.#xClass}`,
        '--remote-debugging-port=0',
      ],
    });
    this.page = this.#context.pages()[0] ?? (await this.#context.waitForEvent('page'));
    this.page.on('console', (message) => record.log.push(`${message.type()}: ${message.text()}`));
    this.page.on('pageerror', ({ message }) => record.log.push(`pageerror: ${message}`));
    this.#context.on('page', (popup) => void this.#onPopup(popup));
    nativeTheme.on('double-theme', () => void this.#applyTheme());
    await this.#applyTheme();
    await this.#installPreload(this.#context, this.page);
    if (!isHeaded) return;
    this.#xWindow = await findXWindow(this.#xClass);
    if (!this.#isVisible) await run('xdotool', ['windowunmap', '--sync', this.#xWindow]);
  }

  /** What the app chose as `themeSource` is what its pages take for the theme of the system. */
  async #applyTheme(): Promise<void> {
    const { themeSource } = nativeTheme;
    const colorScheme = themeSource === 'system' ? null : themeSource;
    await this.page?.emulateMedia({ colorScheme }).catch(() => undefined); // the page has just gone
  }

  async #installPreload(context: BrowserContext, page: Page): Promise<void> {
    const cdp = await context.newCDPSession(page);
    this.#cdp = cdp;
    const { frameTree } = await cdp.send('Page.getFrameTree');
    cdp.on('Runtime.executionContextCreated', ({ context: made }) => {
      const { frameId } = (made.auxData ?? {}) as { frameId?: string };
      if (made.name === world && frameId === frameTree.frame.id) this.#preloadWorld = made.id;
    });
    cdp.on('Runtime.executionContextsCleared', () => {
      this.#preloadWorld = undefined;
    });
    cdp.on('Runtime.bindingCalled', ({ name, payload }) => {
      if (name === '__double') void this.#fromPreload(JSON.parse(payload) as InvokeMessage);
    });
    await cdp.send('Page.enable');
    await cdp.send('Runtime.enable');
    await cdp.send('Runtime.addBinding', { name: '__double', executionContextName: world });
    const { preload } = this.#options.webPreferences ?? {};
    if (preload === undefined) return;
    const secret = randomBytes(8).toString('hex'); // unknown to the page, so it cannot join the channel
    const [toPreload, toPage] = [JSON.stringify(`${secret}>`), JSON.stringify(`${secret}<`)];
    const topFrameOnly = (source: string): string => `if (window.top === window) {${source}}`;
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', {
      source: topFrameOnly(`(${bridgeSource})(${toPage}, ${toPreload});`),
    });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', {
      worldName: world,
      source: topFrameOnly(`
        const require = (${preloadRequireSource})((${bridgeSource})(${toPreload}, ${toPage}));
        ((module, exports) => {${readFileSync(preload, 'utf8')}
        })({ exports: {} }, {});`),
    });
  }

  async #fromPreload({ id, channel, args }: InvokeMessage): Promise<void> {
    let out: object;
    try {
      const handler = ipcHandlers.get(channel);
      if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
      // The members that an app may judge a sender by; the double has no others.
      const event = { sender: this.webContents, senderFrame: this.webContents.frame } as unknown as IpcMainInvokeEvent;
      const value = await handler(event, ...args);
      assertCarried(value, `the answer of '${channel}'`);
      out = { value };
    } catch (error) {
      out = { error: `Error invoking remote method '${channel}': ${String(error)}` };
    }
    this.toPreload({ t: 'result', id, ...out });
  }

  async #onPopup(popup: Page): Promise<void> {
    await popup
      .waitForURL(({ href }) => href !== 'about:blank', { waitUntil: 'commit', timeout: 2_000 })
      .catch(() => undefined);
    const { action } = this.webContents.openHandler({ url: popup.url() });
    if (action === 'deny') await popup.close();
    else record.log.push(`popup allowed: ${popup.url()}`);
  }

  #setVisible(isVisible: boolean): void {
    if (isVisible === this.#isVisible) return;
    this.#isVisible = isVisible;
    this.emit(isVisible ? 'show' : 'hide');
    if (process.env['DISPLAY'] === undefined) return;
    this.#applied = this.#applied
      .then(() => this.#started)
      .then(() => run('xdotool', [isVisible ? 'windowmap' : 'windowunmap', '--sync', this.#xWindow]))
      .catch((error: unknown) => record.log.push(`visibility: ${String(error)}`));
  }

  async #closeChromium(): Promise<void> {
    await this.#started;
    await this.#context?.close().catch(() => undefined); // already gone
    windows.delete(this);
    app.closables.delete(this);
    this.emit('closed');
    if (windows.size === 0 && !app.isQuitting) app.emit('window-all-closed');
  }
}

interface InvokeMessage {
  readonly id: number;
  readonly channel: string;
  readonly args: readonly unknown[];
}
