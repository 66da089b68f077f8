import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthResult } from '../../daemon/auth/authenticator.ts';
import { FailureThrottle } from '../../daemon/auth/failure-throttle.ts';
import { RateLimiter } from '../../daemon/calls/token-bucket.ts';
import { FrameScheduler } from '../../daemon/gateway/frame-scheduler.ts';
import { McpHttp } from '../../daemon/gateway/mcp-http.ts';
import type { McpOutlet } from '../../daemon/mcp/outbox.ts';
import { ResumeBudget } from '../../daemon/sessions/resume-budget.ts';
import type { Session } from '../../daemon/sessions/session.ts';
import { SessionRegistry } from '../../daemon/sessions/session-registry.ts';
import { RecordedBus } from '../../daemon/testing/recorded-bus.ts';
import { createLogger } from '../../platform/json-logger.ts';
import { closeCodes, limits } from '../../protocol/limits.ts';
import { ask, HttpMcpClient, type HttpTarget, parseObject } from '../support/http-mcp-client.ts';

const accepted = {
  type: 'accepted',
  principal: 'shared',
  auth: 'shared',
  isAdmin: true,
  instanceId: null,
  userId: null,
  expiresAt: null,
  tokenGeneration: 1,
  warnings: [],
} as const satisfies AuthResult;

/** A real server around the way in; what answers is the test. */
class Scene {
  readonly bus = new RecordedBus();
  readonly registry: SessionRegistry;
  readonly outlets = new Map<string, McpOutlet>();
  readonly opened: Session[] = [];
  now = 0;
  isDraining = false;
  isExempt = true;
  readonly #http: McpHttp;
  readonly #server: Server;

  constructor(maxSessions = 100) {
    this.registry = new SessionRegistry({ graceMs: 0, maxSessions, maxPerUser: null, bus: this.bus });
    this.#http = new McpHttp({
      authenticator: {
        authenticate: ({ bearer }) =>
          bearer?.startsWith('instance-') === true
            ? { ...accepted, principal: `instance:${bearer}`, auth: 'instance', instanceId: bearer, isAdmin: false }
            : accepted,
      },
      throttle: new FailureThrottle(),
      rates: new RateLimiter({
        global: { capacity: 100, refillPerSecond: 1 },
        address: { capacity: 100, refillPerSecond: 1 },
        session: { capacity: 2, refillPerSecond: 0.001 },
      }),
      registry: this.registry,
      mcp: {
        open: (session, outlet) => {
          this.opened.push(session);
          this.outlets.set(session.sessionId, outlet);
          return {
            protocolVersion: '2025-11-25',
            receive: (_bytes, read) => {
              const { method, id } = read.type === 'object' ? read.envelope : { method: undefined, id: null };
              if (method === 'wait' || id === undefined || id === null) return;
              outlet.sendMessage(JSON.stringify({ jsonrpc: '2.0', id, result: {} }), { requestId: id, isAnswer: true });
            },
          };
        },
      },
      bus: this.bus,
      logger: createLogger({ level: 'error', write: () => undefined }),
      scheduler: new FrameScheduler({ frames: 4, burstBytes: 1e6, bytesPerMs: 1e6 }),
      resume: { limits: { maxFrames: 8, maxBytes: 4096 }, budget: new ResumeBudget(8192) },
      maxFrameBytes: 65_536,
      allowedOrigins: [],
      sessionTimeoutMs: 600_000,
      isDraining: () => this.isDraining,
      now: () => this.now,
    });
    this.#server = createServer((request, response) => {
      const peer = { address: '10.0.0.1', listener: 'tcp', isExempt: this.isExempt } as const;
      void this.#http.serve(request, response, peer);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  get target(): HttpTarget {
    const address = this.#server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : 0 };
  }

  connect(headers: Readonly<Record<string, string>> = {}): Promise<HttpMcpClient> {
    return HttpMcpClient.connect(this.target, { headers });
  }

  sweepAfter(ms: number): void {
    this.now += ms;
    this.#http.sweep();
  }
}

describe('McpHttp', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene();
    await scene.listen();
  });
  afterEach(() => scene.close());

  it('HTTP-streams: what the server asks because of a request leaves on its stream, the rest on the stream of GET', async () => {
    const client = await scene.connect({ 'x-exai-session': 'asked' });
    const outlet = scene.outlets.get('asked');
    const own = await client.listen();
    const stream = await client.stream({ id: 'a', method: 'wait' });
    outlet?.sendMessage('{"jsonrpc":"2.0","id":"exai-1","method":"elicitation/create"}', {
      requestId: 'a',
      isAnswer: false,
    });
    outlet?.sendMessage('{"jsonrpc":"2.0",\n"method":"notifications/tools/list_changed"}');
    expect(await stream.message()).toMatchObject({ id: 'exai-1', method: 'elicitation/create' });
    expect(await own.message()).toEqual({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    expect((await client.post({ id: 'exai-1', result: { action: 'accept' } })).status).toBe(202);
    outlet?.sendMessage('{"jsonrpc":"2.0","id":"a","result":{}}', { requestId: 'a', isAnswer: true });
    expect(await stream.message()).toMatchObject({ id: 'a', result: {} });
    await stream.ended;
    own.cut();
  });

  it('HTTP-streams: what came before the client listened is there when it does, each message once', async () => {
    const client = await scene.connect({ 'x-exai-session': 'late' });
    const outlet = scene.outlets.get('late');
    outlet?.sendMessage('{"jsonrpc":"2.0","method":"early"}');
    const first = await client.listen();
    expect(await first.message()).toMatchObject({ method: 'early' });
    const second = await client.listen();
    outlet?.sendMessage('{"jsonrpc":"2.0","method":"later"}');
    expect(await second.message()).toMatchObject({ method: 'later' });
    expect(first.events.all.filter(({ data }) => data !== '')).toHaveLength(1);
    first.cut();
    second.cut();
  });

  it('HTTP-resume: events are kept within bounds, notifications given up before answers', async () => {
    const client = await scene.connect({ 'x-exai-session': 'bounded' });
    const outlet = scene.outlets.get('bounded');
    const stream = await client.stream({ id: 1, method: 'wait' });
    const { id: first } = await stream.events.next('its first id');
    for (let step = 0; step < 50; step += 1) {
      outlet?.sendMessage(`{"jsonrpc":"2.0","method":"step","params":${step}}`, { requestId: 1, isAnswer: false });
    }
    outlet?.sendMessage('{"jsonrpc":"2.0","id":1,"result":{}}', { requestId: 1, isAnswer: true });
    await stream.ended;
    const again = await client.listen(first);
    await again.ended;
    const kept = again.events.all.filter(({ data }) => data !== '').map(({ data }) => parseObject(data));
    expect(kept).toHaveLength(8);
    expect(kept.at(-1)).toMatchObject({ id: 1, result: {} });
    scene.now += limits.sseReplayMs + 1;
    const over = await client.openListening(first);
    expect(over.status).toBe(204);
    over.response.resume();
  });

  it('HTTP-auth: an instance token is the name of its session, and nobody else finds that session', async () => {
    const mine = await scene.connect({ authorization: 'Bearer instance-one' });
    expect(scene.opened[0]).toMatchObject({ sessionId: 'instance-one', instanceId: 'instance-one', transport: 'http' });
    const other = await mine.post({ id: 1, method: 'ping' }, { authorization: 'Bearer instance-two' });
    expect(other.status).toBe(404);
    expect((await mine.post({ id: 1, method: 'ping' })).status).toBe(200);
  });

  it('HTTP-session: a name that is none is replaced, and a name is never another session', async () => {
    await scene.connect({ 'x-exai-session': 'a b' });
    await scene.connect({ 'x-exai-session': 'same' });
    await scene.connect({ 'x-exai-session': 'same' });
    expect(scene.opened.map(({ sessionId }) => sessionId)).toEqual([
      expect.stringMatching(/^s-[A-Za-z0-9_-]{22}$/),
      'same',
      'same#2',
    ]);
  });

  it('HTTP-guards PF-C9: over its rate a request is 429 with its id, notifications are free', async () => {
    scene.isExempt = false;
    const client = await scene.connect(); // its initialize has taken one
    expect((await client.post({ id: 1, method: 'ping' })).status).toBe(200);
    const refused = await client.post({ id: 2, method: 'ping' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(parseObject(refused.body)).toMatchObject({
      id: 2,
      error: { code: 429, data: { code: 'RATE_LIMITED', details: { scope: 'session' } } },
    });
    expect((await client.post({ method: 'notifications/initialized' })).status).toBe(202);
  });

  it('HTTP-expiry PF-S3: an idle session ends, a used or listening one stays', async () => {
    const [idle, used, listening] = [await scene.connect(), await scene.connect(), await scene.connect()];
    const stream = await listening.listen();
    scene.sweepAfter(599_000);
    await used.post({ id: 1, method: 'ping' });
    scene.sweepAfter(2_000);
    expect(scene.bus.of('session.ended').map(({ reason }) => reason)).toEqual(['idle']);
    expect((await idle.post({ id: 1, method: 'ping' })).status).toBe(404);
    expect((await used.post({ id: 2, method: 'ping' })).status).toBe(200);
    expect((await listening.post({ id: 1, method: 'ping' })).status).toBe(200);
    stream.cut();
  });

  it('HTTP-drain: a stopping daemon takes no new session, and answers what it cuts', async () => {
    const client = await scene.connect({ 'x-exai-session': 'cut' });
    scene.isDraining = true;
    await expect(scene.connect()).rejects.toThrow('503');
    const [session] = scene.opened;
    const stream = await client.stream({ id: 9, method: 'wait' });
    if (session !== undefined) scene.registry.end(session, 'daemon stopped', closeCodes.shutdown);
    expect(await stream.message()).toMatchObject({
      id: 9,
      error: { data: { code: 'DAEMON_UNAVAILABLE', mayHaveRun: true, retryable: false } },
    });
    await stream.ended;
    expect(scene.bus.of('connection.closed')).toHaveLength(1);
  });

  it('HTTP-malformed: a body that never comes costs nothing', async () => {
    const answer = await ask(scene.target, 'POST', { 'content-type': 'application/json' });
    expect(answer.status).toBe(400);
  });
});

describe('a full table of sessions', () => {
  it('HTTP-expiry: the session that has been idle for longest gives way, and none that is in use', async () => {
    const scene = new Scene(2);
    await scene.listen();
    try {
      const first = await scene.connect();
      scene.now += 1;
      const second = await scene.connect();
      await expect(scene.connect()).rejects.toThrow('503');
      scene.now += limits.httpIdleMs;
      await scene.connect();
      expect((await first.post({ id: 1, method: 'ping' })).status).toBe(404);
      expect((await second.post({ id: 1, method: 'ping' })).status).toBe(200);
    } finally {
      await scene.close();
    }
  });
});
