import { EventEmitter } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { folder, home, preventable, record } from './record.ts';

/** Windows that a quit has to ask. */
interface Closable {
  requestClose(): Promise<boolean>;
}

class App extends EventEmitter {
  readonly isPackaged = false;
  readonly name = 'exai-tray';
  /** Switches that the app has taken away. */
  readonly commandLine = { removeSwitch: (name: string): void => void record.log.push(`switch removed: ${name}`) };
  readonly closables = new Set<Closable>();
  isQuitting = false;
  /** What this instance had to tell the first one has arrived. */
  #handedOver: Promise<void> = Promise.resolve();
  readonly #ready = new Promise<void>((resolve) => {
    setImmediate(resolve);
  });

  whenReady(): Promise<void> {
    return this.#ready;
  }

  getVersion(): string {
    return '0.1.0';
  }

  getPath(name: string): string {
    return folder(name);
  }

  /**
   * A socket in the home; the loser hands its arguments to the winner and ends. The answer has to be synchronous: a file that
   * names a living process is the lock.
   */
  requestSingleInstanceLock(): boolean {
    const { existsSync, readFileSync, writeFileSync } = process.getBuiltinModule('node:fs');
    const file = join(home, 'instance.pid');
    const socket = join(home, 'instance.sock');
    if (existsSync(file) && isAlive(Number(readFileSync(file, 'utf8')))) {
      const first = connect(socket);
      this.#handedOver = new Promise((resolve) => {
        first.on('error', () => undefined); // it has just ended
        first.on('close', () => resolve());
      });
      first.end(JSON.stringify({ argv: process.argv, cwd: process.cwd() }));
      return false;
    }
    rmSync(socket, { force: true });
    writeFileSync(file, String(process.pid));
    process.on('exit', () => rmSync(file, { force: true }));
    const server = createServer({ allowHalfOpen: false }, (client) => {
      let text = '';
      client.on('data', (part) => {
        text += part.toString();
      });
      client.on('end', () => {
        const { argv, cwd }: { argv: string[]; cwd: string } = JSON.parse(text);
        this.emit('second-instance', {}, argv, cwd, null);
      });
    });
    server.listen(socket);
    server.unref();
    return true;
  }

  setAppUserModelId(): void {}

  getLoginItemSettings() {
    return { ...record.loginItem, executableWillLaunchAtLogin: record.loginItem.openAtLogin, status: 'not-registered' };
  }

  setLoginItemSettings({ openAtLogin = false }: { openAtLogin?: boolean }): void {
    record.loginItem = { openAtLogin };
  }

  /** before-quit, then every window is asked, will-quit, end. */
  quit(): void {
    if (this.isQuitting) return;
    const before = preventable();
    this.emit('before-quit', before);
    if (before.defaultPrevented) return;
    this.isQuitting = true;
    void this.#closeAll();
  }

  exit(code = 0): void {
    this.emit('will-quit', preventable());
    this.emit('quit', {}, code);
    const closed = Promise.all([this.#handedOver, ...[...this.closables].map((closable) => dispose(closable))]);
    void closed.finally(() => process.exit(code));
  }

  async #closeAll(): Promise<void> {
    for (const closable of this.closables) {
      if (await closable.requestClose()) continue;
      this.isQuitting = false;
      record.log.push('quit: refused by a window');
      return;
    }
    this.exit(0);
  }
}

/** `exit` asks nobody: what a window says to its closing is not heard. */
async function dispose(closable: Closable): Promise<void> {
  if ('dispose' in closable && typeof closable.dispose === 'function') await closable.dispose();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // the owner of the file is gone
  }
}

export const app = new App();

// Electron quits at a signal, unless the app listens to it itself: one handler per signal is all that a process has.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) app.quit();
  });
}
