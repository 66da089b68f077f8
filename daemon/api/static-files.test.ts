import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawSocket } from '../testing/raw-socket.ts';
import { TestServer, type TestServerOptions } from './test-server.ts';

const script = 'console.log("hello");\n'.repeat(200);
let folder: string;
let rendererDir: string;
let servers: TestServer[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exai-static-'));
  rendererDir = join(folder, 'renderer');
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const server = await TestServer.start({ secretFile: join(folder, 'admin.secret'), rendererDir, ...options });
  servers.push(server);
  return server;
}

/** What comes back for these very bytes, until the other side closes. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = await RawSocket.open({ host: '127.0.0.1', port });
  const closed = once(socket.socket, 'close');
  socket.write(text);
  await closed;
  return socket.text;
}

function build(): void {
  mkdirSync(join(rendererDir, 'assets', 'fonts'), { recursive: true });
  writeFileSync(join(folder, 'outside.js'), 'outside');
  writeFileSync(join(rendererDir, 'index.html'), '<!doctype html><title>EXAI</title>');
  writeFileSync(join(rendererDir, 'theme.js'), 'theme()');
  writeFileSync(join(rendererDir, 'other.html'), '<title>no page of the interface</title>');
  writeFileSync(join(rendererDir, 'assets', 'index-Ab3_-xYz.js'), script);
  writeFileSync(join(rendererDir, 'assets', 'plain.css'), 'a{}');
  writeFileSync(join(rendererDir, 'assets', 'fonts', 'inter-01234567.woff2'), 'font');
  writeFileSync(join(rendererDir, 'assets', 'notes.exe'), 'of no kind that is served');
  if (process.platform !== 'win32') symlinkSync(join(folder, 'outside.js'), join(rendererDir, 'assets', 'link.js'));
}

describe('the interface', () => {
  it('LIVE-static: the page has a strict policy and is never kept', async () => {
    build();
    const server = await start();
    const { status, headers, text } = await server.ask('GET', '/', {});
    expect([status, text]).toEqual([200, '<!doctype html><title>EXAI</title>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect((await server.ask('GET', '/?x=1', {})).status).toBe(200);
    const head = await server.ask('HEAD', '/', {});
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '34']);
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await server.ask(method, '/', {})).status).toBe(404);
  });

  it('LIVE-static: what has a hash in its name is kept for ever, the rest is asked for again', async () => {
    build();
    const server = await start();
    const hashed = await server.ask('GET', '/assets/index-Ab3_-xYz.js', {});
    expect([hashed.text, hashed.headers['content-type'], hashed.headers['cache-control']]).toEqual([
      script,
      'text/javascript; charset=utf-8',
      'public, max-age=31536000, immutable',
    ]);
    expect((await server.ask('GET', '/assets/plain.css', {})).headers['cache-control']).toBe('no-cache');
    const theme = await server.ask('GET', '/theme.js', {});
    expect([theme.text, theme.headers['cache-control']]).toEqual(['theme()', 'no-cache']);
    const font = await server.ask('GET', '/assets/fonts/inter-01234567.woff2', { 'accept-encoding': 'gzip' });
    expect([font.text, font.headers['content-type'], font.headers['content-encoding']]).toEqual([
      'font',
      'font/woff2',
      undefined,
    ]);
  });

  it.each([
    ['gzip, deflate, br', true],
    ['*', true],
    ['br;q=1.0, gzip;q=0.5', true],
    ['gzip;q=0', false],
    ['gzip;q=0.0, br', false],
    ['br', false],
    ['xgzip', false],
  ])('LIVE-static: Accept-Encoding %s', async (accepted, isPacked) => {
    build();
    const server = await start();
    const { bytes, headers } = await server.ask('GET', '/assets/index-Ab3_-xYz.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(isPacked ? 'gzip' : undefined);
    expect(headers.vary).toBe('Accept-Encoding');
    expect((isPacked ? gunzipSync(bytes) : bytes).toString('utf8')).toBe(script);
  });

  it('LIVE-static: before it is built there is the welcome page, and afterwards the interface', async () => {
    const server = await start();
    expect((await server.ask('GET', '/', {})).text).toContain('EXAI daemon is running');
    expect((await server.ask('GET', '/assets/plain.css', {})).status).toBe(404);
    build();
    expect((await server.ask('GET', '/', {})).text).toContain('<title>EXAI</title>');
    expect((await server.ask('GET', '/assets/plain.css', {})).status).toBe(200);
  });

  it.each([
    '/assets/../index.html',
    '/assets/..%2findex.html',
    '/assets/..%2F..%2Foutside.js',
    '/assets/%2e%2e/theme.js',
    '/assets/..\\theme.js',
    '/assets/..%5ctheme.js',
    '/assets/plain.css%00',
    '/assets/plain.css%00.js',
    '/assets//plain.css',
    '/assets/./plain.css',
    '/assets/PLAIN.css',
    '/assets/plain%2ecss',
    '/assets/',
    '/assets',
    '/assets/fonts',
    '/assets/notes.exe',
    '/assets/link.js',
    '/other.html',
    '/index.html',
    '/../outside.js',
    '//assets/plain.css',
    '/assets/__proto__',
    '/constructor',
    '/etc/passwd',
  ])('LIVE-static-traversal: %s is 404', async (path) => {
    build();
    const server = await start();
    const { status, json } = await server.ask('GET', path, {});
    expect([status, json]).toEqual([404, { code: 'NOT_FOUND' }]);
  });

  it.each(['http://127.0.0.1/assets/plain.css', '/assets/plain.css\0', 'assets/plain.css', '*'])(
    'LIVE-static-traversal: the request target %j reaches no file',
    async (target) => {
      build();
      const server = await start();
      const answer = await exchange(
        server.port,
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    },
  );
});

describe('the port of the dashboard', () => {
  it('LIVE-dashboard-port: has the page, its files, the admin API and health', async () => {
    build();
    const server = await start({ dashboard: true });
    const { dashboardPort: port } = server.listeners;
    expect(port).not.toBe(server.port);
    for (const path of ['/', '/assets/plain.css', '/health', '/healthz', '/health/live', '/health/ready']) {
      expect((await server.ask('GET', path, {}, undefined, port)).status).toBe(200);
    }
    expect((await server.ask('GET', '/api/status', server.asAdmin, undefined, port)).status).toBe(200);
    expect((await server.ask('GET', '/api/status', {}, undefined, port)).status).toBe(401);
  });

  it('LIVE-dashboard-port: has nothing for clients', async () => {
    build();
    const server = await start({ dashboard: true });
    const { dashboardPort: port } = server.listeners;
    expect((await server.ask('GET', '/metrics', {}, undefined, port)).status).toBe(404);
    expect((await server.ask('POST', '/mcp', {}, '{}', port)).status).toBe(404);
    for (const protocol of ['websocket', 'exai-link']) {
      const answer = await exchange(
        port,
        `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    }
  });

  it('LIVE-dashboard-port: has guards for its own name and port', async () => {
    const server = await start({ dashboard: true });
    const { dashboardPort: port } = server.listeners;
    const status = async (headers: Record<string, string>) =>
      (await server.ask('GET', '/health', headers, undefined, port)).status;
    expect(await status({ host: `localhost:${port}` })).toBe(200);
    expect(await status({ host: `localhost:${server.port}` })).toBe(403);
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ origin: `http://127.0.0.1:${port}` })).toBe(200);
    expect(await status({ origin: server.origin })).toBe(403);
    // A browser that has signed in at one port acts at that port.
    const browser = { ...(await server.browser()), host: `127.0.0.1:${port}` };
    expect((await server.ask('POST', '/api/daemon/pause', browser, undefined, port)).status).toBe(403);
  });
});
