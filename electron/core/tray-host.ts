import { connect, type Socket } from 'node:net';
import { booleanOf, type DbusCall, type DbusMessage, decodeMessage, encodeCall } from './dbus-message.ts';

const watcher = 'org.kde.StatusNotifierWatcher';
const bus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };

/** Path of the session bus for `net.connect`; undefined when there is none that a socket reaches. */
export function busPath(env: Readonly<Record<string, string | undefined>>, uid: number): string | undefined {
  const addresses = env['DBUS_SESSION_BUS_ADDRESS'] ?? `unix:path=/run/user/${uid}/bus`;
  for (const address of addresses.split(';')) {
    const found = /^unix:(?:.*,)?(path|abstract)=([^,]+)/.exec(address);
    if (found === null) continue;
    const [, kind, value = ''] = found;
    const path = decodeURIComponent(value);
    return kind === 'abstract' ? `\0${path}` : path;
  }
  return undefined;
}

/**
 * Tells whether this Linux desktop shows tray icons: asks the session bus for a StatusNotifier host, at once and whenever
 * the watcher of such hosts comes or goes. A bus that cannot be reached means none. It only reads.
 */
export class TrayHostWatch {
  readonly #onChange: (hasHost: boolean) => void;
  readonly #uid: number;
  readonly #socket: Socket | undefined;
  readonly #waiting = new Map<number, (message: DbusMessage) => void>();
  #unread = Buffer.alloc(0);
  #serial = 0;
  #isAuthenticated = false;
  #told: boolean | undefined;

  constructor(options: {
    readonly path: string | undefined;
    readonly uid: number;
    readonly onChange: (hasHost: boolean) => void;
  }) {
    this.#onChange = options.onChange;
    this.#uid = options.uid;
    if (options.path === undefined) {
      this.#tell(false);
      return;
    }
    const socket = connect({ path: options.path });
    this.#socket = socket;
    socket.on('connect', () => {
      const identity = Buffer.from(String(this.#uid)).toString('hex');
      socket.write(`\0AUTH EXTERNAL ${identity}\r\n`);
    });
    socket.on('data', (part) => this.#receive(part));
    socket.on('error', () => undefined); // followed by close
    socket.on('close', () => this.#tell(false));
  }

  /** The bus has let us in and is still there. */
  get isListening(): boolean {
    return this.#isAuthenticated && this.#socket?.destroyed === false;
  }

  stop(): void {
    this.#socket?.removeAllListeners('close');
    this.#socket?.destroy();
  }

  #receive(part: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, part]);
    if (!this.#isAuthenticated) {
      const end = this.#unread.indexOf('\r\n');
      if (end === -1) return;
      const line = this.#unread.toString('latin1', 0, end);
      this.#unread = this.#unread.subarray(end + 2);
      if (!line.startsWith('OK ')) {
        this.#socket?.destroy();
        return;
      }
      this.#isAuthenticated = true;
      this.#socket?.write('BEGIN\r\n');
      void this.#begin();
    }
    try {
      for (let next = decodeMessage(this.#unread); next !== undefined; next = decodeMessage(this.#unread)) {
        this.#unread = this.#unread.subarray(next.length);
        this.#take(next.message);
      }
    } catch {
      this.#socket?.destroy(); // not a bus that we understand: the same as none
    }
  }

  #take(message: DbusMessage): void {
    const answer = this.#waiting.get(message.replyTo);
    this.#waiting.delete(message.replyTo);
    answer?.(message);
    if (/^(?:NameOwnerChanged|StatusNotifierHost(?:Unr|R)egistered)$/.test(message.member)) void this.#look();
  }

  async #begin(): Promise<void> {
    await this.#call({ ...bus, member: 'Hello', args: [] });
    const owners = `type='signal',sender='${bus.destination}',member='NameOwnerChanged',arg0='${watcher}'`;
    const hosts = `type='signal',interface='${watcher}'`;
    for (const rule of [owners, hosts]) await this.#call({ ...bus, member: 'AddMatch', args: [rule] });
    await this.#look();
  }

  async #look(): Promise<void> {
    const owner = await this.#call({ ...bus, member: 'NameHasOwner', args: [watcher] });
    if (!booleanOf(owner)) {
      this.#tell(false);
      return;
    }
    const host = await this.#call({
      destination: watcher,
      path: '/StatusNotifierWatcher',
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      args: [watcher, 'IsStatusNotifierHostRegistered'],
    });
    this.#tell(booleanOf(host));
  }

  #call(call: DbusCall): Promise<DbusMessage> {
    this.#serial += 1;
    const serial = this.#serial;
    return new Promise((resolve) => {
      this.#waiting.set(serial, resolve);
      this.#socket?.write(encodeCall(call, serial));
    });
  }

  #tell(hasHost: boolean): void {
    if (hasHost === this.#told) return;
    this.#told = hasHost;
    this.#onChange(hasHost);
  }
}
