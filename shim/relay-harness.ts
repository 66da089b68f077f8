import { createLogger } from '../platform/json-logger.ts';
import type { RequestId } from '../protocol/ids.ts';
import type { AcceptedHello } from './hello-ack.ts';
import { type KnownFacts, parseKnownFacts } from './known-facts.ts';
import { ManualClock } from './manual-clock.ts';
import { Relay } from './relay.ts';
import type { RelayBounds } from './relay-options.ts';

/** A message as a test reads it. */
export interface Message {
  readonly id?: RequestId | null;
  readonly method?: string;
  readonly op?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
  readonly [key: string]: unknown;
}

const bounds: RelayBounds = {
  maxFrameBytes: 32 * 1024 * 1024,
  queueMax: 64,
  queueMs: 20_000,
  reconnectMs: 120_000,
  rpcTimeoutMs: 30_000,
  ackGraceMs: 120_000,
};

/** A relay between a scripted editor and a scripted daemon, without any I/O. For tests. */
export class RelayHarness {
  readonly clock = new ManualClock();
  /** What the editor got, and what the daemon got, oldest first; `take…` empties them. */
  readonly editorLines: string[] = [];
  readonly daemonFrames: string[] = [];
  readonly deadLinks: string[] = [];
  readonly logLines: string[] = [];
  confirmations = 0;
  facts: KnownFacts = parseKnownFacts(undefined);
  readonly relay: Relay;
  #isWriting = true;
  #unwritten: (() => void)[] = [];

  constructor(overrides: Partial<RelayBounds> = {}) {
    this.relay = new Relay({
      clock: this.clock,
      logger: createLogger({ level: 'debug', write: (line) => this.logLines.push(line) }),
      names: { serverId: 'exai-3', serverName: 'EXAI-WS-VSCode3' },
      facts: () => this.facts,
      bounds: { ...bounds, ...overrides },
      toEditor: (message, onWritten) => {
        this.editorLines.push(Buffer.from(message).toString('utf8'));
        if (onWritten === undefined) return;
        if (this.#isWriting) onWritten();
        else this.#unwritten.push(onWritten);
      },
      onConfirmed: () => {
        this.confirmations += 1;
      },
      onDeadLink: (reason) => this.deadLinks.push(reason),
    });
  }

  /** While false, nothing that goes to the editor counts as written. */
  set isWriting(value: boolean) {
    this.#isWriting = value;
    if (value) for (const onWritten of this.#unwritten.splice(0)) onWritten();
  }

  /** The editor sends a line. */
  send(message: Readonly<Record<string, unknown>> | string): void {
    const line = typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message });
    this.relay.receiveLine(Buffer.from(line));
  }

  call(id: RequestId, name = 'chat'): void {
    this.send({ id, method: 'tools/call', params: { name, arguments: {} } });
  }

  /** The daemon sends a message. */
  push(message: Readonly<Record<string, unknown>>): void {
    this.relay.receiveFrame(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })), false);
  }

  control(frame: Readonly<Record<string, unknown>>): void {
    this.relay.receiveFrame(Buffer.from(JSON.stringify(frame)), true);
  }

  /** Connects, with what the daemon says in its ack. */
  linkUp(ack: Partial<AcceptedHello> = {}): void {
    const resume = this.relay.resume();
    const hello: AcceptedHello = {
      type: 'accepted',
      sessionId: 'window',
      daemonRunId: 'run-1',
      heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
      isResumed: false,
      lost: [],
      unknown: [],
      maxFrameBytes: bounds.maxFrameBytes,
      maxPending: 256,
      warnings: [],
      ...ack,
    };
    const link = {
      maxFrameBytes: hello.maxFrameBytes,
      maxPending: hello.maxPending,
      sendMessage: (bytes: Uint8Array) => void this.daemonFrames.push(Buffer.from(bytes).toString('utf8')),
      sendControl: (control: object) => void this.daemonFrames.push(JSON.stringify(control)),
    };
    this.relay.linkUp(link, hello, resume, []);
  }

  /** A window that has been initialised through its daemon. */
  openWindow(ack: Partial<AcceptedHello> = {}, clientName = 'test'): void {
    this.linkUp(ack);
    this.initialize(clientName);
    this.push({ id: 0, result: { protocolVersion: '2025-11-25', capabilities: {} } });
    this.send({ method: 'notifications/initialized' });
    this.clock.advance(1_000);
    this.takeEditor();
    this.takeDaemon();
  }

  initialize(clientName = 'test', id: RequestId = 0): void {
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: clientName, version: '1' } };
    this.send({ id, method: 'initialize', params });
  }

  takeEditor(): Message[] {
    return this.editorLines.splice(0).map(messageOf);
  }

  takeDaemon(): Message[] {
    return this.daemonFrames.splice(0).map(messageOf);
  }
}

function messageOf(text: string): Message {
  const message: Message = JSON.parse(text);
  return message;
}
