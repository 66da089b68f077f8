import { connect, type Socket } from 'node:net';
import { withDeadline } from '../support/deadline.ts';

/** Where a raw socket connects to: a port on loopback or a local socket. */
export type RawTarget = { readonly port: number } | { readonly path: string };

/** What an HTTP answer says before its body. */
export interface RawAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A TCP connection without any protocol: for clients that speak half of one, or none at all. */
export class RawSocket {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      for (const look of this.#waiting) look();
    });
    socket.on('error', () => undefined); // a reset ends in `closed`, which is what tests look at
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  static open(target: RawTarget): Promise<RawSocket> {
    const socket = 'path' in target ? connect(target.path) : connect(target.port, '127.0.0.1');
    const raw = new RawSocket(socket);
    const opened = new Promise<RawSocket>((resolve, reject) => {
      socket.once('connect', () => resolve(raw));
      socket.once('error', reject);
    });
    return withDeadline('a raw connection', opened);
  }

  /** Upgrades to a WebSocket, so that what follows are frames made by `clientFrame`. */
  static async upgraded(target: RawTarget, headers: Readonly<Record<string, string>> = {}): Promise<RawSocket> {
    const raw = await RawSocket.open(target);
    raw.write(upgradeRequest('port' in target ? `127.0.0.1:${target.port}` : 'localhost', headers));
    const answer = await raw.answer();
    if (answer.statusCode !== 101) throw new Error(`the upgrade was refused with ${answer.statusCode}`);
    return raw;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends FIN and reads on. */
  end(): void {
    this.#socket.end();
  }

  /** Sends RST: a peer that is gone without a word. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  /** Resolves with everything received so far, once it ends in what `isComplete` waits for. */
  async until(what: string, isComplete: (received: Buffer) => boolean, timeoutMs?: number): Promise<Buffer> {
    let look: (() => void) | undefined;
    const found = new Promise<Buffer>((resolve) => {
      look = () => {
        const { received } = this;
        if (isComplete(received)) resolve(received);
      };
      this.#waiting.add(look);
      look();
    });
    const gone = this.closed.then((): Buffer => {
      const { received } = this;
      if (isComplete(received)) return received;
      throw new Error(`the connection closed before ${what}: ${received.toString('latin1').slice(0, 500)}`);
    });
    gone.catch(() => undefined); // when the bytes came first
    try {
      return await withDeadline(what, Promise.race([found, gone]), timeoutMs);
    } finally {
      if (look !== undefined) this.#waiting.delete(look);
    }
  }

  /** The answer to a request, its body as far as Content-Length says. */
  async answer(): Promise<RawAnswer> {
    const received = await this.until('an HTTP answer', (bytes) => readAnswer(bytes) !== undefined);
    const answer = readAnswer(received);
    if (answer === undefined) throw new Error('no HTTP answer');
    return answer;
  }

  /** The daemon's close frame behind the upgrade's answer. */
  async closeFrame(timeoutMs?: number): Promise<{ readonly code: number; readonly reason: string }> {
    const received = await this.until('a close frame', (bytes) => closeFrameIn(bytes) !== undefined, timeoutMs);
    const frame = closeFrameIn(received);
    if (frame === undefined) throw new Error('no close frame');
    return frame;
  }

  async ended(timeoutMs?: number): Promise<void> {
    await withDeadline('the end of a raw connection', this.closed, timeoutMs, () =>
      this.received.toString('latin1').slice(0, 500),
    );
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export function upgradeRequest(host: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines.join('')}\r\n`
  );
}

/** Bytes of one client frame (RFC 6455), masked with zeros. `claimedBytes` lies about the length of the payload. */
export function clientFrame(
  payload: string | Buffer,
  options: { readonly opcode?: number; readonly claimedBytes?: number } = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const length = options.claimedBytes ?? bytes.length;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | (options.opcode ?? 1);
  if (length < 126) {
    head[1] = 0x80 | length;
  } else if (length < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(4), bytes]);
}

function readAnswer(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const at = line.indexOf(':');
    headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
  }
  const length = Number(headers['content-length'] ?? '0');
  const body = bytes.subarray(end + 4, end + 4 + length);
  if (body.length < length) return undefined;
  return { statusCode: Number(statusLine.split(' ')[1] ?? '0'), headers, body: body.toString('utf8') };
}

/** Walks the daemon's frames (never masked) up to the first close frame. */
function closeFrameIn(received: Buffer): { code: number; reason: string } | undefined {
  let at = received.indexOf('\r\n\r\n') + 4;
  while (received.length >= at + 2) {
    const opcode = (received[at] ?? 0) & 0x0f;
    let length = (received[at + 1] ?? 0) & 0x7f;
    at += 2;
    if (length === 126) {
      if (received.length < at + 2) return undefined;
      length = received.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      if (received.length < at + 8) return undefined;
      length = Number(received.readBigUInt64BE(at));
      at += 8;
    }
    if (received.length < at + length) return undefined;
    if (opcode === 8) {
      const code = length >= 2 ? received.readUInt16BE(at) : 1005;
      return { code, reason: received.toString('utf8', at + Math.min(2, length), at + length) };
    }
    at += length;
  }
  return undefined;
}
