import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMessage } from '../../electron/core/dbus-message.ts';

/** A session bus that knows one question: whether this desktop shows tray icons. For tests without a panel. */
export class FakeSessionBus {
  readonly #folder = mkdtempSync(join(tmpdir(), 'exai-bus-'));
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #hasHost: boolean;
  readonly calls: string[] = [];

  constructor(hasHost: boolean) {
    this.#hasHost = hasHost;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get path(): string {
    return join(this.#folder, 'bus');
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(this.path, resolve);
    });
    return this;
  }

  /** The panel comes or goes. */
  setHost(hasHost: boolean): void {
    this.#hasHost = hasHost;
    for (const socket of this.#sockets) socket.write(message({ type: 4, member: 'NameOwnerChanged' }));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // the client may end as it likes
    socket.on('close', () => this.#sockets.delete(socket));
    let unread = Buffer.alloc(0);
    let isBegun = false;
    socket.on('data', (part) => {
      unread = Buffer.concat([unread, part]);
      if (!isBegun) {
        if (unread.includes('AUTH EXTERNAL ') && !unread.includes('BEGIN\r\n')) socket.write('OK 0123456789abcdef\r\n');
        const begin = unread.indexOf('BEGIN\r\n');
        if (begin === -1) return;
        isBegun = true;
        unread = unread.subarray(begin + 7);
      }
      for (let next = decodeMessage(unread); next !== undefined; next = decodeMessage(unread)) {
        const serial = unread.readUInt32LE(8);
        unread = unread.subarray(next.length);
        this.calls.push(next.message.member);
        socket.write(this.#answer(next.message.member, serial));
      }
    });
  }

  #answer(member: string, replyTo: number): Buffer {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(this.#hasHost ? 1 : 0);
    switch (member) {
      case 'NameHasOwner':
        return message({ type: 2, replyTo, body: value });
      case 'Get':
        return message({ type: 2, replyTo, body: Buffer.concat([Buffer.from([1, 0x62, 0, 0]), value]) });
      default:
        return message({ type: 2, replyTo });
    }
  }
}

function message(parts: {
  readonly type: number;
  readonly replyTo?: number;
  readonly member?: string;
  readonly body?: Buffer;
}): Buffer {
  const { type, replyTo, member, body = Buffer.alloc(0) } = parts;
  const fields =
    replyTo === undefined
      ? Buffer.concat([Buffer.from([3, 1, 0x73, 0]), u32(Buffer.byteLength(member ?? '')), Buffer.from(`${member}\0`)])
      : Buffer.concat([Buffer.from([5, 1, 0x75, 0]), u32(replyTo)]);
  const padding = Buffer.alloc((8 - ((16 + fields.length) % 8)) % 8);
  const head = Buffer.concat([Buffer.from([0x6c, type, 0, 1]), u32(body.length), u32(1), u32(fields.length)]);
  return Buffer.concat([head, fields, padding, body]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
