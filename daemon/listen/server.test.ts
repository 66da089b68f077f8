import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RawSocket } from '../testing/raw-socket.ts';
import { RecordedBus } from '../testing/recorded-bus.ts';
import type { FrameSocket, UpgradeInfo } from './frame-socket.ts';
import { respond } from './respond.ts';
import { type ListenerOptions, Listeners } from './server.ts';

interface Accepted {
  readonly upgrade: UpgradeInfo;
  readonly socket: FrameSocket;
  readonly frames: string[];
  readonly closes: string[];
  authenticated(): void;
}

const nonce = 'abcdefghijklmnopqrstuvwxyz0123456789_-ABCDE';
let directory: string;
let closers: (() => void)[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'exai-listen-'));
  closers = [];
});
afterEach(() => {
  for (const close of closers.toReversed()) close();
  rmSync(directory, { recursive: true, force: true });
});

function makeListeners(options: Partial<ListenerOptions> = {}) {
  const bus = new RecordedBus();
  const accepted: Accepted[] = [];
  const requests: string[] = [];
  const listeners = new Listeners({
    host: '127.0.0.1',
    allowedHosts: [],
    allowedOrigins: [],
    trustProxy: false,
    maxConnections: 1000,
    maxConnectionsPerAddress: 10,
    maxUnauthenticated: 64,
    helloMaxBytes: 100,
    maxFrameBytes: 1000,
    helloTimeoutMs: 15_000,
    closeTimeoutMs: 50,
    bus,
    proofHeaders: (given) => ({ 'X-Exai-Run': '01J9', 'X-Exai-Proof': `proof of ${given}` }),
    checkBearer: (bearer) =>
      Promise.resolve({ isValid: bearer === 'right', isCounted: bearer !== 'right', delayMs: 0 }),
    onHttp: (request, response, peer) => {
      requests.push(`${request.url} from ${peer.address}`);
      respond(response, 200, { ok: true });
    },
    onSocket: (socket, upgrade, authenticated) => {
      const one: Accepted = { upgrade, socket, authenticated, frames: [], closes: [] };
      socket.setHandlers({
        onFrame: (bytes) => one.frames.push(bytes.toString('utf8')),
        onClose: (code, reason) => one.closes.push(`${code} ${reason}`),
      });
      accepted.push(one);
    },
    ...options,
  });
  return { listeners, bus, accepted, requests };
}

async function create(options: Partial<ListenerOptions> = {}) {
  const { listeners, bus, accepted, requests } = makeListeners(options);
  closers.push(() => listeners.closeAll());
  expect(await listeners.listenTcp(0)).toBeUndefined();
  const localPath = join(directory, 'daemon.sock');
  const raw = async (
    where: { port: number } | { path: string } = { port: listeners.port },
    isHalfOpen = false,
  ): Promise<RawSocket> => {
    const socket = await RawSocket.open({ host: '127.0.0.1', allowHalfOpen: isHalfOpen, ...where });
    closers.push(() => socket.close());
    return socket;
  };
  const webSocket = (headers: Record<string, string> = {}, protocols: string[] = []) => {
    const client = new WebSocket(`ws://127.0.0.1:${listeners.port}`, protocols, { headers });
    closers.push(() => client.terminate());
    const seen: { headers: IncomingHttpHeaders; statusCode: number | undefined } = {
      headers: {},
      statusCode: undefined,
    };
    client.on('upgrade', ({ headers: answered }) => {
      seen.headers = answered;
    });
    const opened = new Promise<string>((resolve) => {
      client.on('open', () => resolve('open'));
      client.on('error', (error) => resolve(error.message));
    });
    const closed = new Promise<string>((resolve) => {
      client.on('close', (code, reason) => resolve(`${code} ${String(reason)}`));
    });
    return { client, seen, opened, closed };
  };
  return { listeners, bus, accepted, requests, localPath, raw, webSocket };
}

/** A request with exactly these header lines. */
function get(path: string, headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n');
}

function upgradeTo(token: string, headers: readonly string[] = []): string {
  return [
    'GET /link HTTP/1.1',
    ...(headers.some((line) => line.startsWith('Host')) ? [] : ['Host: localhost']),
    'Connection: Upgrade',
    `Upgrade: ${token}`,
    ...headers,
    '',
    '',
  ].join('\r\n');
}

function controlFrame(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 0);
  head[4] = 1;
  return Buffer.concat([head, Buffer.from(text)]);
}

async function answerTo(socket: RawSocket, text: string): Promise<string> {
  socket.write(text);
  await expect.poll(() => socket.text).toContain('\r\n\r\n');
  return socket.text.slice(0, socket.text.indexOf('\r\n'));
}

describe('guards 3 and 4', () => {
  it.each([
    ['WIRE-H14 BAD-host', ['Host: evil.test'], 403],
    ['WIRE-H14 BAD-host', ['Host: localhost', 'Host: localhost'], 403],
    ['WIRE-H14 BAD-host', ['Host: 127.0.0.1:1'], 403],
    ['WIRE-H14 BAD-origin', ['Host: localhost', 'Origin: http://evil.test'], 403],
    ['WIRE-H14 BAD-origin', ['Host: localhost', 'Origin: null'], 403],
    ['WIRE-H14 own origin', ['Host: localhost', 'Origin: http://localhost:PORT'], 200],
    ['WIRE-H14 no origin', ['Host: 127.0.0.1:PORT'], 200],
  ])('%s: %j', async (_id, headers, status) => {
    const { listeners, raw, requests, bus, accepted } = await create();
    const lines = headers.map((line) => line.replace('PORT', String(listeners.port)));
    expect(await answerTo(await raw(), get('/health', lines))).toContain(` ${status} `);
    expect(requests).toHaveLength(status === 200 ? 1 : 0);
    const upgraded = await answerTo(await raw(), upgradeTo('exai-link/1', lines));
    expect(upgraded).toContain(status === 200 ? ' 101 ' : ' 403 ');
    expect(accepted).toHaveLength(status === 200 ? 1 : 0);
    expect(bus.of('guard.refused')).toHaveLength(status === 200 ? 0 : 2);
  });

  it('WIRE-H14: the local socket asks for no Host, but refuses a foreign Origin', async () => {
    const { listeners, localPath, raw } = await create();
    await listeners.listenLocal(localPath);
    expect(await answerTo(await raw({ path: localPath }), get('/', ['Host: whatever']))).toContain(' 200 ');
    expect(await answerTo(await raw({ path: localPath }), get('/', ['Host: x', 'Origin: http://evil.test']))).toContain(
      ' 403 ',
    );
  });

  it('BAD-origin BAD-half-open: a refused peer that keeps its socket open holds no place', async () => {
    const { raw, listeners, webSocket } = await create({ maxUnauthenticated: 2, maxConnections: 3 });
    for (let count = 0; count < 5; count += 1) {
      const socket = await raw(undefined, true);
      expect(
        await answerTo(socket, `${upgradeTo('exai-link/1', ['Host: evil.test'])}more bytes than asked for`),
      ).toContain(' 403 ');
    }
    await expect.poll(() => listeners.openConnections).toBe(0);
    expect(await webSocket().opened).toBe('open');
  });
});

describe('guards 1 and 2', () => {
  it('BAD-half-open: above the limit a WebSocket is closed with 1008, a link and a request get 503; a place that is left is free', async () => {
    const { listeners, webSocket, raw, bus } = await create({ maxConnections: 2 });
    const first = webSocket();
    expect([await first.opened, await webSocket().opened]).toEqual(['open', 'open']);
    expect(await webSocket().closed).toBe('1008 connection limit');
    expect(await answerTo(await raw(), upgradeTo('exai-link/1'))).toContain(' 503 ');
    const http = await raw();
    expect(await answerTo(http, get('/', ['Host: localhost']))).toContain(' 503 ');
    expect(http.text).toContain('Retry-After: 1');
    expect(bus.of('guard.refused').map(({ guard }) => guard)).toEqual(['connections', 'connections', 'connections']);
    first.client.terminate();
    await expect.poll(() => listeners.openConnections).toBe(1);
    expect(await webSocket().opened).toBe('open');
  });

  it('BAD-binary PF-R1: what a refused WebSocket sends wrong harms nobody', async () => {
    const { raw, webSocket } = await create({ maxConnections: 0 });
    const socket = await raw();
    const key = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    socket.write(Buffer.concat([Buffer.from(upgradeTo('websocket', key)), Buffer.from([0xff, 0xff, 0xff, 0xff])]));
    await expect.poll(() => socket.hasEnded).toBe(true);
    expect(await webSocket().closed).toBe('1008 connection limit');
  });

  it('PF-C8: forty loopback clients are welcome, a distant address has its own limit', async () => {
    const { webSocket } = await create({ trustProxy: true, maxConnectionsPerAddress: 1 });
    const near = Array.from({ length: 40 }, () => webSocket());
    expect(new Set(await Promise.all(near.map(({ opened }) => opened)))).toEqual(new Set(['open']));
    expect(await webSocket({ 'X-Forwarded-For': '127.0.0.1, 203.0.113.9' }).opened).toBe('open');
    expect(await webSocket({ 'X-Forwarded-For': '203.0.113.9' }).closed).toBe('1008 connection limit');
    expect(await webSocket({ 'X-Forwarded-For': '203.0.113.10' }).opened).toBe('open');
  });

  it('WIRE-H14: without a trusted proxy the header is nothing, on the local socket as well', async () => {
    const { webSocket, accepted, requests, listeners, localPath, raw } = await create();
    await webSocket({ 'X-Forwarded-For': '203.0.113.9' }).opened;
    expect(accepted[0]?.upgrade).toEqual({
      peer: { address: '127.0.0.1', listener: 'tcp', isExempt: true },
      bearer: null,
      isBearerCounted: false,
      framing: 'websocket',
    });
    await listeners.listenLocal(localPath);
    await answerTo(await raw({ path: localPath }), get('/x', ['Host: x', 'X-Forwarded-For: 203.0.113.9']));
    expect(requests).toEqual(['/x from local']);
  });

  it('BAD-half-open: undecided sockets are counted per listener, until they are decided or gone', async () => {
    const { listeners, webSocket, raw, accepted, localPath, bus } = await create({ maxUnauthenticated: 2 });
    await listeners.listenLocal(localPath);
    const first = webSocket();
    await first.opened;
    await webSocket().opened;
    expect(await webSocket().opened).toBe('Unexpected server response: 503');
    const refused = await raw();
    expect(await answerTo(refused, upgradeTo('exai-link/1'))).toContain(' 503 ');
    expect(refused.text).toContain('Retry-After: 1');
    expect(bus.of('guard.refused').map(({ guard }) => guard)).toEqual(['unauthenticated', 'unauthenticated']);
    expect(await answerTo(await raw({ path: localPath }), upgradeTo('exai-link/1'))).toContain(' 101 ');
    accepted[0]?.authenticated();
    accepted[0]?.authenticated();
    expect(await webSocket().opened).toBe('open');
    expect(await webSocket().opened).toContain('503');
    first.client.terminate(); // was decided: its end frees no second place
    await expect.poll(() => accepted[0]?.closes).toHaveLength(1);
    expect(await webSocket().opened).toContain('503');
  });
});

describe('guards 5 and 6', () => {
  it.each([
    ['WebSocket', null, 100],
    ['WebSocket', 'wrong', 100],
    ['WebSocket', 'right', 1000],
    ['link', null, 100],
    ['link', 'right', 1000],
  ])(
    'WIRE-H6 BAD-oversized: the first frame of a %s with bearer %s has at most %i bytes',
    async (framing, bearer, limit) => {
      const { webSocket, raw, accepted } = await create();
      const connect = async (): Promise<(text: string) => void> => {
        if (framing === 'WebSocket') {
          const { client, opened } = webSocket(bearer === null ? {} : { Authorization: `Bearer ${bearer}` });
          await opened;
          return (text) => client.send(text);
        }
        const socket = await raw();
        await answerTo(socket, upgradeTo('exai-link/1', bearer === null ? [] : [`Authorization: Bearer ${bearer}`]));
        return (text) => socket.write(controlFrame(text));
      };
      (await connect())('x'.repeat(limit));
      await expect.poll(() => accepted[0]?.frames).toHaveLength(1);
      (await connect())('x'.repeat(limit + 1));
      await expect.poll(() => accepted[1]?.closes).toEqual([expect.stringMatching(/^1009 |^1006 /)]);
      expect(accepted[1]?.frames).toEqual([]);
      expect(accepted[0]?.upgrade).toMatchObject({ bearer, framing: framing === 'link' ? 'link' : 'websocket' });
    },
  );
});

describe('upgrades', () => {
  it('WIRE-H17: the proof is in the 101 of both framings and in every answer, for a proper nonce only', async () => {
    const { webSocket, raw } = await create();
    const { seen, opened } = webSocket({ 'X-Exai-Nonce': nonce });
    await opened;
    expect(seen.headers).toMatchObject({ 'x-exai-run': '01J9', 'x-exai-proof': `proof of ${nonce}` });
    for (const text of [
      upgradeTo('exai-link/1', [`X-Exai-Nonce: ${nonce}`]),
      get('/', ['Host: localhost', `X-Exai-Nonce: ${nonce}`]),
    ]) {
      const socket = await raw();
      await answerTo(socket, text);
      expect(socket.text).toContain(`X-Exai-Run: 01J9\r\nX-Exai-Proof: proof of ${nonce}\r\n`);
    }
    const bad = await raw();
    await answerTo(bad, upgradeTo('exai-link/1', ['X-Exai-Nonce: short']));
    expect(bad.text).not.toContain('X-Exai-Proof');
  });

  it('WIRE-H9: the subprotocol mcp is selected when offered, no other; nothing is compressed', async () => {
    const { webSocket } = await create();
    const offered = webSocket({}, ['x', 'mcp']);
    expect(await offered.opened).toBe('open');
    expect(offered.client.protocol).toBe('mcp');
    expect(offered.client.extensions).toBe('');
    const other = webSocket({}, []);
    await other.opened;
    expect(other.client.protocol).toBe('');
    const foreign = webSocket({}, ['x']);
    expect(await foreign.opened).toMatch(/subprotocol/);
  });

  it('MAIN-local-first PF-P5: frames behind the upgrade of a link are taken, on the local socket too', async () => {
    const { listeners, localPath, raw, accepted } = await create();
    await listeners.listenLocal(localPath);
    const socket = await raw({ path: localPath });
    socket.write(Buffer.concat([Buffer.from(upgradeTo('exai-link/1')), controlFrame('hello'), controlFrame('more')]));
    await expect.poll(() => accepted[0]?.frames).toEqual(['hello', 'more']);
    expect(accepted[0]?.upgrade.peer).toEqual({ address: 'local', listener: 'local', isExempt: true });
    expect(socket.text).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: exai-link\/1\r\n\r\n/,
    );
    accepted[0]?.socket.send('control', 'ack');
    await expect.poll(() => socket.text).toContain('\u0003\u0001ack');
  });
});

describe('silence', () => {
  it('WIRE-H15 PF-L4 BAD-half-open: probes are counted and reach nobody', async () => {
    const { raw, bus, requests, accepted, listeners } = await create();
    for (let count = 0; count < 100; count += 1) (await raw()).close();
    for (const bytes of [
      '\u0016\u0003\u0001\u0002\u0000\u0001',
      'garbage\r\n\r\n',
      upgradeTo('websocket'),
      upgradeTo('h2c'),
    ]) {
      const socket = await raw();
      socket.write(Buffer.from(bytes, 'latin1'));
      await expect.poll(() => socket.hasEnded).toBe(true);
      expect(socket.text).toMatch(/^HTTP\/1\.1 400 /);
    }
    const silent = (): number => bus.of('probe.seen').filter(({ kind }) => kind === 'silent').length;
    await expect.poll(silent).toBe(100);
    expect(bus.of('probe.seen').filter(({ kind }) => kind === 'malformed')).toHaveLength(4);
    expect([requests, accepted, listeners.openConnections]).toEqual([[], [], 0]);
  });

  it('BAD-half-open: garbage from a peer that never closes does not hold a descriptor', async () => {
    const { raw } = await create();
    const socket = await raw(undefined, true);
    socket.write('garbage\r\n\r\n');
    await expect.poll(() => socket.hasEnded).toBe(true);
    // Bytes to a socket that is gone are answered with a reset; to one that merely ended they are not.
    const reset = new Promise((resolve) => {
      socket.socket.once('close', resolve);
    });
    const writing = setInterval(() => socket.write('x'), 5);
    await reset;
    clearInterval(writing);
  });

  it('BAD-half-open: hundreds of silent sockets keep nobody out; slow ones are cut off in time', async () => {
    const { raw, webSocket, bus, listeners } = await create({ helloTimeoutMs: 300 });
    const silent = await Promise.all(Array.from({ length: 300 }, () => raw()));
    const slow = await raw();
    slow.write('GET / HTTP/1.1\r\nHost: loc');
    expect(await webSocket().opened).toBe('open');
    expect(listeners.openConnections).toBe(1);
    await expect.poll(() => slow.hasEnded, { timeout: 5000 }).toBe(true);
    await expect.poll(() => silent.every(({ hasEnded }) => hasEnded), { timeout: 5000 }).toBe(true);
    expect(bus.of('probe.seen').some(({ kind }) => kind === 'timeout')).toBe(true);
  });
});

describe('listening', () => {
  it('PF-G3 BAD-port-taken: a port that is taken', async () => {
    const { listeners } = await create();
    const second = await create();
    expect(second.listeners.port).not.toBe(listeners.port);
    expect(await second.listeners.listenTcp(listeners.port)).toEqual({ type: 'address-in-use' });
  });

  it('PF-G3: an address that is not ours', async () => {
    const { listeners: stranger } = makeListeners({ host: '203.0.113.1' });
    expect(await stranger.listenTcp(0)).toMatchObject({
      type: 'failed',
      message: expect.stringContaining('EADDRNOTAVAIL'),
    });
  });

  it('PF-G3 BAD-stale-socket MAIN-private-state: the local path: ours, in use, not a socket, open to others', async () => {
    const { listeners, localPath } = await create();
    expect(await listeners.listenLocal(localPath)).toBeUndefined();
    expect(statSync(localPath).mode & 0o777).toBe(0o600);
    const second = await create();
    expect(await second.listeners.listenLocal(localPath)).toEqual({ type: 'address-in-use' });
    writeFileSync(join(directory, 'file'), '');
    expect(await second.listeners.listenLocal(join(directory, 'file'))).toMatchObject({ type: 'failed' });
    listeners.closeAll();
    await expect.poll(() => existsSync(localPath)).toBe(false);
    chmodSync(directory, 0o755);
    expect(await second.listeners.listenLocal(localPath)).toMatchObject({
      type: 'failed',
      message: expect.stringContaining('chmod 700'),
    });
  });

  it('MAIN-entry-points: while draining, HTTP is answered and sockets live on; new ones are refused', async () => {
    const { listeners, webSocket, raw, accepted } = await create();
    const { client, opened } = webSocket();
    await opened;
    listeners.stopAccepting();
    expect(await webSocket().opened).toContain('503');
    expect(await answerTo(await raw(), get('/health', ['Host: localhost']))).toContain(' 200 ');
    client.send('still here');
    await expect.poll(() => accepted[0]?.frames).toEqual(['still here']);
  });

  it('MAIN-entry-points: closing everything cuts what is open, after what was written', async () => {
    const { listeners, webSocket, raw, accepted } = await create();
    const { client, opened, closed } = webSocket();
    await opened;
    const messages: string[] = [];
    client.on('message', (data) => messages.push(Buffer.isBuffer(data) ? data.toString('utf8') : ''));
    const idle = await raw();
    const link = await raw();
    await answerTo(link, upgradeTo('exai-link/1'));
    for (const { socket } of accepted) socket.send('message', 'last words');
    await new Promise(setImmediate);
    listeners.closeAll();
    expect(await closed).toBe('1006 ');
    await expect.poll(() => idle.hasEnded && link.hasEnded).toBe(true);
    expect(messages).toEqual(['last words']);
    expect(link.text).toContain('last words');
    const refused = new Promise<string | undefined>((resolve) => {
      httpRequest({ host: '127.0.0.1', port: listeners.port })
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        .end();
    });
    expect(await refused).toBe('ECONNREFUSED');
  });
});
