import { EventEmitter } from 'node:events';
import { fromHttp } from './app-server.ts';
import { assertCarried } from './in-page.ts';
import type { BrowserWindow } from './window.ts';

/** The page of a window, as the app sees it. */
export class WebContents extends EventEmitter {
  readonly #window: BrowserWindow;
  openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
  readonly session = {
    setPermissionRequestHandler(_handler: unknown): void {},
    setPermissionCheckHandler(_handler: unknown): void {},
  };

  constructor(window: BrowserWindow) {
    super();
    this.#window = window;
  }

  send(channel: string, ...args: unknown[]): void {
    assertCarried(args, `webContents.send('${channel}')`);
    this.#window.toPreload({ t: 'event', channel, args });
  }

  setWindowOpenHandler(handler: WebContents['openHandler']): void {
    this.openHandler = handler;
  }

  async executeJavaScript(code: string): Promise<unknown> {
    return await this.#window.page?.evaluate(code);
  }

  reload(): void {
    void this.#window.page?.reload();
  }

  get frame() {
    return { url: fromHttp(this.#window.page?.url() ?? ''), parent: null };
  }
}
