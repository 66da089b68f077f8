import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type DiscoveryFile, writeDiscovery } from '../../platform/discovery.ts';
import { linkFrame, linkHeadBytes, linkUpgradeToken } from '../../protocol/link.ts';
import { LinkDecoder } from '../../protocol/link-decoder.ts';
import type { TestHome } from '../support/daemon-process.ts';
import { Arrivals, withDeadline } from '../support/deadline.ts';

type Sender = 'shim' | 'daemon';

/** One frame of a link as it went by. */
export interface SeenFrame {
  readonly from: Sender;
  readonly kind: 'control' | 'message' | 'other';
  readonly bytes: Buffer;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/**
 * What happens to a frame that a test waits for: `cut` = it gets lost and the connection breaks; `cut-half` = half of it
 * arrives; `pass-and-cut` = it is the last one; `hold` = it and everything behind it waits for `release`.
 */
export type Fate = 'cut' | 'cut-half' | 'pass-and-cut' | 'hold';

interface Trap {
  readonly matches: (frame: SeenFrame) => boolean;
  readonly fate: Fate;
  readonly sprung: (frame: SeenFrame) => void;
}

interface Pair {
  readonly sockets: Readonly<Record<Sender, Socket>>;
  /** Bytes on their way from the sender while it is held. */
  readonly held: Record<Sender, Buffer[] | undefined>;
  /** A test has cut it: what comes afterwards is lost. */
  isCut: boolean;
}

const mostBytes = 64 * 1024 * 1024;
const other: Readonly<Record<Sender, Sender>> = { shim: 'daemon', daemon: 'shim' };

/**
 * Stands between shims and the local socket of a daemon, reads the frames that go by, and breaks the line at the very
 * frame that a test names. The discovery file is made to point to it. Requests that are no link pass through.
 */
export class LinkProxy {
  readonly #server: Server;
  readonly #target: string;
  readonly #frames = new Arrivals<SeenFrame>();
  readonly #pairs = new Set<Pair>();
  readonly #traps = new Set<Trap>();
  #isRefusing = false;
  #connections = 0;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  static async open(home: TestHome): Promise<LinkProxy> {
    const file = home.readDiscovery();
    if (file.localSocket === undefined) throw new Error('the daemon has no local socket');
    const path = join(home.path, 'proxy.sock');
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    writeDiscovery(home.layout.discoveryFile, { ...file, localSocket: path } satisfies DiscoveryFile);
    return new LinkProxy(server, file.localSocket);
  }

  /** Frames so far, in the order in which they came by. */
  get frames(): readonly SeenFrame[] {
    return this.#frames.all;
  }

  /** Links that shims have made so far, refused ones included. */
  get connections(): number {
    return this.#connections;
  }

  controls(op: string): readonly SeenFrame[] {
    return this.frames.filter(({ kind, json }) => kind === 'control' && json?.['op'] === op);
  }

  /** The first frame that matches, one that has gone by included. */
  frame(what: string, matches: (frame: SeenFrame) => boolean): Promise<SeenFrame> {
    return this.#frames.first(what, matches);
  }

  /** Waits for a frame to come and does with it what `fate` says, once. Resolves when that is done. */
  trap(what: string, matches: (frame: SeenFrame) => boolean, fate: Fate): Promise<SeenFrame> {
    const sprung = new Promise<SeenFrame>((resolve) => {
      this.#traps.add({ matches, fate, sprung: resolve });
    });
    return withDeadline(what, sprung);
  }

  /** All lines break. */
  cut(): void {
    for (const pair of this.#pairs) breakPair(pair);
  }

  release(): void {
    for (const pair of this.#pairs) {
      for (const from of ['shim', 'daemon'] as const) {
        const held = pair.held[from];
        pair.held[from] = undefined;
        for (const bytes of held ?? []) pair.sockets[other[from]].write(bytes);
      }
    }
  }

  /** New connections are closed at once while true. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onConnection(shim: Socket): void {
    if (this.#isRefusing) {
      this.#connections += 1;
      shim.destroy();
      return;
    }
    const daemon = connect(this.#target);
    const pair: Pair = { sockets: { shim, daemon }, held: { shim: undefined, daemon: undefined }, isCut: false };
    this.#pairs.add(pair);
    for (const socket of [shim, daemon]) {
      socket.on('error', () => breakPair(pair)); // the end of one side is the end of the other
      socket.once('close', () => {
        this.#pairs.delete(pair);
        shim.end();
        daemon.end();
      });
    }
    shim.once('data', (head: Buffer) => {
      const isLink = head.includes(linkUpgradeToken);
      if (isLink) this.#connections += 1;
      daemon.write(head);
      if (isLink) {
        this.#relay(pair, 'shim', false);
        this.#relay(pair, 'daemon', true);
      } else {
        shim.pipe(daemon);
        daemon.pipe(shim);
      }
    });
    shim.resume();
  }

  /** The 101 of the daemon goes by as it is; the shim sends frames from its second write on. */
  #relay(pair: Pair, from: Sender, hasHead: boolean): void {
    const decoder = new LinkDecoder(mostBytes, (type, payload) => this.#onFrame(pair, from, type, payload));
    let head = hasHead ? Buffer.alloc(0) : undefined;
    pair.sockets[from].on('data', (chunk: Buffer) => {
      if (head === undefined) {
        decoder.push(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      pair.sockets[other[from]].write(head.subarray(0, end + 4));
      const rest = head.subarray(end + 4);
      head = undefined;
      decoder.push(rest);
    });
    pair.sockets[from].on('end', () => pair.sockets[other[from]].end());
  }

  #onFrame(pair: Pair, from: Sender, type: number, payload: Uint8Array): void {
    if (pair.isCut) return;
    const bytes = Buffer.from(payload);
    const kind = type === linkFrame.control ? 'control' : type === linkFrame.message ? 'message' : 'other';
    const frame: SeenFrame = { from, kind, bytes, json: kind === 'other' ? undefined : parseObject(bytes) };
    this.#frames.push(frame);
    const raw = Buffer.alloc(linkHeadBytes + bytes.length);
    raw.writeUInt32BE(bytes.length, 0);
    raw[4] = type;
    bytes.copy(raw, linkHeadBytes);
    const trap = [...this.#traps].find(({ matches }) => matches(frame));
    if (trap === undefined) {
      this.#pass(pair, from, raw);
      return;
    }
    this.#traps.delete(trap);
    switch (trap.fate) {
      case 'hold':
        pair.held[from] = [raw];
        break;
      case 'pass-and-cut':
        this.#passAndCut(pair, from, raw);
        break;
      case 'cut-half':
        this.#passAndCut(pair, from, raw.subarray(0, Math.floor(raw.length / 2)));
        break;
      case 'cut':
        breakPair(pair);
    }
    trap.sprung(frame);
  }

  #pass(pair: Pair, from: Sender, raw: Buffer): void {
    const held = pair.held[from];
    if (held === undefined) pair.sockets[other[from]].write(raw);
    else held.push(raw);
  }

  /** Half-closed first, so that what was written still arrives. */
  #passAndCut(pair: Pair, from: Sender, raw: Buffer): void {
    pair.isCut = true;
    pair.sockets[other[from]].end(raw, () => breakPair(pair));
  }
}

function breakPair(pair: Pair): void {
  pair.isCut = true;
  pair.sockets.shim.destroy();
  pair.sockets.daemon.destroy();
}

function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // the test that looks for it asks for the bytes
  }
}
