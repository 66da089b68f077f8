import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../platform/json-logger.ts';
import type { StartResult } from './autostart.ts';
import type { Credentials } from './credentials.ts';
import { DaemonConnection } from './daemon-connection.ts';
import type { DaemonLink, LinkHandlers } from './daemon-link.ts';
import type { DialResult, LastDaemon } from './dial.ts';
import type { Endpoint } from './endpoint-plan.ts';
import { RelayHarness } from './relay-harness.ts';

class FakeLink implements DaemonLink {
  readonly endpoint: Endpoint = { kind: 'local', path: '/s/daemon.sock' };
  readonly sent: string[] = [];
  bufferedBytes = 0;
  lastReadAt = 0;
  maxFrameBytes = 0;
  isPaused = false;
  pings = 0;
  closed: number | 'cut' | undefined;
  handlers: LinkHandlers | undefined;

  setHandlers(handlers: LinkHandlers): void {
    this.handlers = handlers;
  }
  sendControl(text: string): void {
    this.sent.push(text);
  }
  sendMessage(bytes: Uint8Array): void {
    this.sent.push(Buffer.from(bytes).toString());
  }
  ping(): void {
    this.pings += 1;
  }
  flush(): void {}
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  setMaxFrameBytes(bytes: number): void {
    this.maxFrameBytes = bytes;
  }
  close({ code }: { readonly code: number }): void {
    this.closed ??= code;
  }
  terminate(): void {
    this.closed ??= 'cut';
  }
  /** The daemon answers the hello. */
  answer(ack: Readonly<Record<string, unknown>>): void {
    this.handlers?.onFrame(Buffer.from(JSON.stringify({ op: 'hello_ack', ...ack })), true);
  }
  accept(more: Readonly<Record<string, unknown>> = {}): void {
    this.answer({ ok: true, daemonRunId: 'run-1', session_id: 'w', ...more });
  }
  get hello(): { readonly token: unknown } {
    const hello: { readonly token: unknown } = JSON.parse(this.sent[0] ?? '{}');
    return hello;
  }
}

const nobody: LastDaemon = { state: 'unknown', hasOwner: true, launch: undefined };

/** A connection whose network, files and clock are the test's. */
class Scene {
  readonly harness = new RelayHarness();
  readonly clock = this.harness.clock;
  readonly links: FakeLink[] = [];
  readonly dialledAt: number[] = [];
  readonly starts: (readonly string[] | undefined)[] = [];
  readonly log: string[] = [];
  isListening = true;
  isProven = true;
  failure: string | undefined;
  lastDaemon = nobody;
  token = 'first';
  tokenOnSecondLook: string | undefined;
  startResult: StartResult = { type: 'elsewhere' };
  isWatching = false;
  drains = 0;
  readonly connection: DaemonConnection;

  constructor(isAutostartOn = false) {
    this.connection = new DaemonConnection({
      relay: this.harness.relay,
      clock: this.clock,
      random: () => 0.5,
      logger: createLogger({ level: 'info', write: (line) => this.log.push(line) }),
      handshakeTimeoutMs: 15_000,
      defaults: { pingIntervalMs: 25_000, pingTimeoutMs: 10_000, maxFrameBytes: 1_000 },
      isAutostartOn,
      dial: async () => {
        this.dialledAt.push(this.clock.now());
        return this.#dialResult();
      },
      readCredentials: (_isProven, wasRefused): Credentials => ({
        token: wasRefused ? (this.tokenOnSecondLook ?? this.token) : this.token,
        jwt: undefined,
        problem: undefined,
        source: 'file',
      }),
      buildHello: (credentials, resume) => ({
        text: JSON.stringify({ op: 'hello', token: credentials.token, resume }),
        resume,
        dropped: [],
      }),
      startDaemon: async (launch, isStillAbsent) => {
        if (!(await isStillAbsent())) return { type: 'elsewhere' };
        this.starts.push(launch);
        return this.startResult;
      },
      watch: {
        start: () => {
          this.isWatching = true;
        },
        stop: () => {
          this.isWatching = false;
        },
      },
      onDrain: () => {
        this.drains += 1;
      },
    });
  }

  #dialResult(): DialResult {
    if (this.failure !== undefined) return { type: 'failed', message: this.failure };
    if (!this.isListening) return { type: 'absent', message: 'nobody', isStartable: true, lastDaemon: this.lastDaemon };
    const link = new FakeLink();
    link.lastReadAt = this.clock.now();
    this.links.push(link);
    return { type: 'open', link, isProven: this.isProven };
  }

  /** The link of the last dial. */
  get link(): FakeLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error('nothing was dialled');
    return link;
  }

  async start(): Promise<void> {
    this.connection.start();
    await settled();
  }

  async advance(ms: number): Promise<void> {
    const step = 50;
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(Math.min(step, ms - passed));
      await settled();
    }
  }
}

/** Lets promises and `setImmediate` come through. */
async function settled(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}

describe('DaemonConnection', () => {
  let scene: Scene;

  beforeEach(() => {
    scene = new Scene();
  });

  it('MAIN-local-first: connects, shakes hands, relays; frames behind the ack in one read are not lost', async () => {
    scene.harness.call(1);
    await scene.start();
    expect(scene.link.hello).toEqual({ op: 'hello', token: 'first' });
    expect(scene.link.sent).toHaveLength(1);
    scene.link.accept();
    expect(JSON.parse(scene.link.sent[1] ?? '')).toMatchObject({ id: 1 });
    scene.link.handlers?.onFrame(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}'), false);
    expect(scene.harness.takeEditor()).toHaveLength(1);
  });

  it('PF-R2 WIRE-H13: a closed connection is made anew, and the hello continues', async () => {
    await scene.start();
    scene.link.accept();
    scene.harness.call(1);
    scene.link.handlers?.onClose(1001, 'shutdown');
    await scene.advance(250);
    expect(scene.links).toHaveLength(2);
    expect(JSON.parse(scene.link.sent[0] ?? '')).toMatchObject({ resume: { daemonRunId: 'run-1', pending: [1] } });
  });

  it('PF-R7: the waits double to 5 s, and start again after 10 s of connection', async () => {
    scene.isListening = false;
    await scene.start();
    await scene.advance(18_000);
    const gaps = scene.dialledAt.slice(1).map((at, index) => at - (scene.dialledAt[index] ?? 0));
    expect(gaps.map((gap) => Math.round(gap / 50) * 50)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
    scene.isListening = true;
    await scene.advance(5_000);
    scene.link.accept();
    scene.link.handlers?.onClose(1006, '');
    const before = scene.dialledAt.length;
    await scene.advance(4_000);
    expect(scene.dialledAt).toHaveLength(before); // it had not lasted
    await scene.advance(1_100);
    scene.link.accept();
    await scene.advance(10_000);
    scene.link.handlers?.onClose(1006, '');
    await scene.advance(250);
    expect(scene.dialledAt).toHaveLength(before + 2);
  });

  it('PF-R7: a change of the discovery file is an attempt at once', async () => {
    scene.isListening = false;
    await scene.start();
    await scene.advance(10_000);
    expect(scene.isWatching).toBe(true);
    scene.isListening = true;
    scene.connection.onDaemonChanged();
    await settled();
    expect(scene.links).toHaveLength(1);
    scene.link.accept();
    expect(scene.isWatching).toBe(false);
    scene.connection.onDaemonChanged();
    await settled();
    expect(scene.links).toHaveLength(1);
  });

  it('WIRE-M9: a token that was rotated during the handshake is read once more, and that is all', async () => {
    await scene.start();
    scene.tokenOnSecondLook = 'second';
    scene.link.answer({ ok: false, error: 'unauthorized' });
    await settled();
    expect(scene.links.map(({ hello }) => hello.token)).toEqual(['first', 'second']);
    scene.link.accept({ heartbeat: { intervalMs: 0, timeoutMs: 1_000 } });
    scene.harness.call(1);
    expect(scene.harness.takeEditor()).toEqual([]);
    await scene.advance(60_000);
    expect(scene.links).toHaveLength(2);
  });

  it('WIRE-M9 PF-R3: the same token is not shown twice, and a second refusal is the last', async () => {
    await scene.start();
    scene.link.answer({ ok: false, error: 'unauthorized' });
    await settled();
    expect(scene.links).toHaveLength(1);
    scene.tokenOnSecondLook = 'second';
    await scene.advance(30_000);
    scene.link.answer({ ok: false, error: 'unauthorized' });
    await settled();
    scene.tokenOnSecondLook = 'third';
    scene.link.answer({ ok: false, error: 'unauthorized' });
    await scene.advance(29_900);
    expect(scene.links).toHaveLength(3);
  });

  it('PF-R3 BAD-token: one attempt in 30 s, every request answered at once, and the changed file lets the window in', async () => {
    await scene.start();
    scene.link.answer({ ok: false, error: 'unauthorized', hint: 'old' });
    scene.link.handlers?.onClose(4003, 'unauthorized');
    for (let at = 0; at < 4; at++) {
      scene.harness.call(at);
      await scene.advance(29_900 / 4);
    }
    expect(scene.harness.takeEditor().map(({ error }) => error?.data['hint'])).toEqual(['old', 'old', 'old', 'old']);
    expect(scene.links).toHaveLength(1);
    await scene.advance(200);
    expect(scene.links).toHaveLength(2);
    scene.link.answer({ ok: false, error: 'unauthorized' });
    scene.token = 'right';
    scene.connection.onCredentialsChanged();
    await settled();
    expect(scene.link.hello.token).toBe('right');
    scene.link.accept();
    scene.harness.call(9);
    expect(scene.link.sent.at(-1)).toContain('"id":9');
    expect(scene.log.filter((line) => line.includes('refuses this window'))).toHaveLength(1);
  });

  it('WIRE-H4: a revoked window waits for its token file alone', async () => {
    await scene.start();
    scene.link.accept();
    scene.harness.call(1);
    scene.link.handlers?.onClose(4006, 'revoked');
    expect(scene.harness.takeEditor()).toMatchObject([
      { id: 1, error: { data: { code: 'UNAUTHORIZED', mayHaveRun: true } } },
    ]);
    await scene.advance(300_000);
    scene.connection.onDaemonChanged();
    await settled();
    expect(scene.links).toHaveLength(1);
    scene.connection.onCredentialsChanged();
    await settled();
    expect(scene.links).toHaveLength(2);
  });

  it('WIRE-H12: a predecessor daemon is named, nothing is relayed to it, and it is not hammered', async () => {
    scene.harness.call(1);
    await scene.start();
    scene.link.answer({ ok: true, session_id: 'x' });
    expect(scene.harness.takeEditor()).toMatchObject([{ id: 1, error: { data: { code: 'UPGRADE_REQUIRED' } } }]);
    expect(scene.link.sent).toHaveLength(1);
    expect(scene.link.closed).toBe(1000);
    await scene.advance(29_900);
    expect(scene.links).toHaveLength(1);
    scene.connection.onDaemonChanged();
    await settled();
    expect(scene.links).toHaveLength(2);
  });

  it('WIRE-H13: a full session table is reported, and tried again after 5 s', async () => {
    await scene.start();
    scene.link.answer({ ok: false, error: 'session_limit' });
    scene.harness.call(1);
    expect(scene.harness.takeEditor()).toMatchObject([{ error: { data: { code: 'SESSION_LIMIT', retryable: true } } }]);
    await scene.advance(5_000);
    scene.link.accept();
    scene.harness.call(2);
    expect(scene.harness.takeEditor()).toEqual([]);
  });

  it('WIRE-H1: a handshake that the daemon cannot read is no loop', async () => {
    await scene.start();
    scene.link.answer({ ok: false, error: 'invalid_hello', hint: 'The field client has the wrong form.' });
    await scene.advance(600_000);
    expect(scene.links).toHaveLength(1);
    scene.harness.call(1);
    expect(scene.harness.takeEditor()[0]?.error?.data['hint']).toContain('The field client');
  });

  it('WIRE-H9: protocol errors are forgiven once, then reported', async () => {
    await scene.start();
    scene.link.accept();
    scene.link.handlers?.onClose(1002, '');
    await scene.advance(300);
    scene.link.accept();
    scene.link.handlers?.onClose(1007, '');
    scene.harness.call(1);
    expect(scene.harness.takeEditor()).toMatchObject([{ error: { data: { code: 'INTERNAL_ERROR' } } }]);
  });

  it('WIRE-H6 BAD-oversized: after 1009 the request that was too long is answered, the others go on', async () => {
    await scene.start();
    scene.link.accept({ limits: { maxFrameBytes: 2_000 } });
    scene.harness.call(1);
    scene.harness.send({ id: 2, method: 'tools/call', params: { text: 'x'.repeat(1_500) } });
    scene.link.handlers?.onClose(1009, '');
    expect(scene.harness.takeEditor()).toMatchObject([{ id: 2, error: { data: { code: 'PAYLOAD_TOO_LARGE' } } }]);
    await scene.advance(300);
    expect(JSON.parse(scene.link.sent[0] ?? '')).toMatchObject({ resume: { pending: [1] } });
  });

  it('WIRE-H3: no answer to the hello in time cuts the connection and backs off', async () => {
    await scene.start();
    await scene.advance(15_000);
    expect(scene.link.closed).toBe('cut');
    await scene.advance(4_000);
    expect(scene.links).toHaveLength(1);
    await scene.advance(1_100);
    expect(scene.links).toHaveLength(2);
  });

  it('PF-R8: the heartbeat of the ack wins, and a silent daemon is left', async () => {
    await scene.start();
    scene.link.accept({ heartbeat: { intervalMs: 2_000, timeoutMs: 1_000 } });
    await scene.advance(2_050);
    expect(scene.link.pings).toBe(1);
    await scene.advance(1_000);
    expect(scene.link.closed).toBe('cut');
    await scene.advance(300);
    expect(scene.links).toHaveLength(2);
  });

  it('SHIM-S10: back-pressure holds over a new connection', async () => {
    await scene.start();
    scene.link.accept();
    scene.connection.setReadingPaused(true);
    expect(scene.link.isPaused).toBe(true);
    scene.link.handlers?.onClose(4007, 'slow consumer');
    await scene.advance(300);
    scene.link.accept();
    expect(scene.link.isPaused).toBe(true);
    scene.connection.setReadingPaused(false);
    expect(scene.link.isPaused).toBe(false);
  });

  it('BAD-never-reads: an editor that was held back for a slow daemon goes on when the connection breaks', async () => {
    await scene.start();
    scene.link.accept();
    scene.link.bufferedBytes = 5_000_000;
    expect(scene.connection.bufferedBytes).toBe(5_000_000);
    scene.link.handlers?.onDrain();
    expect(scene.drains).toBe(1);
    scene.link.handlers?.onClose(1006, '');
    expect([scene.connection.bufferedBytes, scene.drains]).toEqual([0, 2]);
  });

  it('SHIM-S9: handshakes that fail leave a line at attempt 1, 5, 20, …', async () => {
    await scene.start();
    for (let attempt = 0; attempt < 21; attempt++) {
      scene.link.handlers?.onClose(1008, 'connection limit');
      await scene.advance(5_600);
    }
    const attempts = scene.log.flatMap((line) => /"handshake failed","attempt":(\d+)/.exec(line)?.[1] ?? []);
    expect(attempts).toEqual(['1', '5', '20']);
  });

  it('SHIM-S14: frames are taken up to the larger limit, so that a long answer can be replaced', async () => {
    await scene.start();
    scene.link.accept({ limits: { maxFrameBytes: 5_000 } });
    expect(scene.link.maxFrameBytes).toBe(5_000);
    scene.link.handlers?.onClose(1001, '');
    await scene.advance(300);
    scene.link.accept();
    expect(scene.link.maxFrameBytes).toBe(1_000);
  });

  it('SHIM-S7: stop says bye, closes, and nothing happens any more', async () => {
    await scene.start();
    scene.link.accept();
    scene.connection.stop();
    scene.connection.stop();
    expect(scene.link.sent.at(-1)).toBe('{"op":"bye"}');
    expect(scene.link.closed).toBe(1000);
    await scene.advance(60_000);
    expect(scene.links).toHaveLength(1);
  });

  it('SHIM-S7: a dial that ends after stop is cut', async () => {
    scene.connection.start();
    scene.connection.stop();
    await settled();
    expect(scene.link.closed).toBe('cut');
    expect(scene.link.sent).toEqual([]);
  });

  it('WIRE-H17: another program on the port is named in the answers, and no daemon is started beside it', async () => {
    const other = new Scene(true);
    other.failure = 'Another program answers on 127.0.0.1:8765.';
    other.harness.call(1);
    await other.start();
    await other.advance(20_000);
    expect(other.harness.takeEditor()).toMatchObject([
      { error: { data: { hint: 'Another program answers on 127.0.0.1:8765.' } } },
    ]);
    expect(other.starts).toEqual([]);
  });

  it('BAD-token: a window that was refused waits like any other once that daemon is gone', async () => {
    await scene.start();
    scene.link.answer({ ok: false, error: 'unauthorized' });
    scene.isListening = false;
    await scene.advance(30_100);
    scene.harness.call(1);
    expect(scene.harness.takeEditor()).toEqual([]);
    scene.isListening = true;
    await scene.advance(1_000);
    scene.link.accept();
    expect(scene.link.sent.at(-1)).toContain('"id":1');
  });
});

describe('starting the daemon', () => {
  it('PF-R4: after the first refused connect, with the command of the file, once', async () => {
    const scene = new Scene(true);
    scene.isListening = false;
    scene.lastDaemon = { state: 'stopped', hasOwner: false, launch: ['/opt/exai-node', 'daemon.js'] };
    let released = 0;
    scene.startResult = { type: 'started', release: () => (released += 1) };
    await scene.start();
    await scene.advance(10_000);
    expect(scene.starts).toEqual([['/opt/exai-node', 'daemon.js']]);
    scene.isListening = true;
    scene.connection.onDaemonChanged();
    await settled();
    scene.link.accept();
    expect(released).toBe(1);
  });

  it('PF-R4: a daemon that is there by now is not started', async () => {
    const scene = new Scene(true);
    scene.isListening = false;
    scene.connection.start();
    await Promise.resolve();
    scene.isListening = true;
    await settled();
    expect(scene.starts).toEqual([]);
    expect(scene.links).toHaveLength(1);
  });

  it('PF-R4: another window that starts it is waited for', async () => {
    const scene = new Scene(true);
    scene.isListening = false;
    scene.startResult = { type: 'elsewhere' };
    await scene.start();
    await scene.advance(3_000);
    expect(scene.starts.length).toBeGreaterThan(1);
  });

  it('PF-R9: a daemon that cannot be started is named in the answers', async () => {
    const scene = new Scene(true);
    scene.isListening = false;
    scene.startResult = { type: 'failed', message: 'No daemon is installed beside this shim.' };
    scene.harness.call(1);
    await scene.start();
    await scene.advance(20_000);
    expect(scene.harness.takeEditor()[0]?.error?.data['hint']).toContain('No daemon is installed');
    expect(scene.starts).toHaveLength(2); // the second 15 s after the first
  });

  it('PF-R5: the lock on starting is given up after 15 s and at the end', async () => {
    const scene = new Scene(true);
    scene.isListening = false;
    let released = 0;
    scene.startResult = { type: 'started', release: () => (released += 1) };
    await scene.start();
    await scene.advance(14_900);
    expect(released).toBe(0);
    await scene.advance(200);
    expect(released).toBe(1);
  });
});
