import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import {
  type AdminInput,
  type AdminResponse,
  type AdminRoute,
  type AdminRow,
  adminRoutes,
  csrfHeader,
  type EmptyRoute,
  type FileRoute,
  type JsonRoute,
} from '../../protocol/admin-api.ts';
import { type FeedMessage, feedHeartbeatMs } from '../../protocol/feed.ts';
import type { LogFollow } from '../../protocol/logs.ts';
import { FakeFeed } from './fake-feed.ts';

/** A request that is refused, in the words of the admin API. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type FakeHandlers = {
  readonly [Route in JsonRoute]?: (input: AdminInput<Route>) => AdminResponse<Route> | Promise<AdminResponse<Route>>;
} & { readonly [Route in EmptyRoute]?: (input: AdminInput<Route>) => void | Promise<void> } & {
  readonly [Route in FileRoute]?: (input: AdminInput<Route>) => string;
} & {
  /** Messages of a log, as the daemon would send them; the stream stays open behind the last one. */
  readonly logFollow?: (input: AdminInput<'logFollow'>) => AsyncIterable<LogFollow>;
};

export interface FakeAdminApiOptions {
  readonly feed: FakeFeed;
  readonly handlers?: FakeHandlers;
  /** Where the built interface is. */
  readonly pages: string;
  /** 0 takes any free one. */
  readonly port?: number;
}

export interface FakeAdminApi {
  readonly url: string;
  readonly port: number;
  /** Address that signs a browser in. */
  readonly signInUrl: string;
  /** What was asked, in order: `POST /api/token/rotate`. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

/** The page's policy, as the daemon sends it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const requestKey = 'fake-request-key';
const cookie = 'exai_ui=fake';
const ticket = 'fake-ticket';

/** The admin API without a daemon: routes from the table, answers from `handlers`, the feed from a script. */
export async function startFakeAdminApi({
  feed,
  handlers = {},
  pages,
  port = 0,
}: FakeAdminApiOptions): Promise<FakeAdminApi> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'INTERNAL_ERROR', String(error));
      send(response, refusal.status, { code: refusal.code, message: refusal.message });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/api/')) return await sendPage(response, url.pathname);
    requests.push(`${request.method} ${url.pathname}`);
    const found = findRoute(request.method ?? 'GET', url.pathname);
    if (found === undefined) throw new Refusal(404, 'NOT_FOUND');
    const row: AdminRow = adminRoutes[found.route];
    if (row.access !== 'public' && (request.headers.cookie !== cookie || request.headers[csrfHeader] !== requestKey)) {
      throw new Refusal(401, 'UNAUTHORIZED');
    }
    if (found.route === 'events') return streamFeed(response);
    const input = {
      params: row.params?.parse(found.params),
      query: row.query?.parse(Object.fromEntries(url.searchParams)),
      body: row.body?.parse(await readJson(request)),
    };
    if (found.route === 'signIn') {
      if (JSON.stringify(input.body) !== JSON.stringify({ ticket })) throw new Refusal(401, 'UNAUTHORIZED');
      response.setHeader('set-cookie', `${cookie}; HttpOnly; SameSite=Strict; Path=/`);
      return send(response, 200, { requestKey });
    }
    const handler = (handlers as Partial<Record<AdminRoute, (given: unknown) => unknown>>)[found.route];
    if (handler === undefined) throw new Refusal(404, 'NOT_FOUND', `no handler for ${found.route}`);
    const result = await handler(input);
    if (row.answers === 'ndjson') return await streamLog(response, result as AsyncIterable<LogFollow>);
    if (row.answers === 'file') response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(result);
    else if (row.answers === 'empty') response.writeHead(204).end();
    else send(response, 200, row.response?.parse(result));
  }

  function streamFeed(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    const stop = feed.connect(
      (message: FeedMessage) => response.write(`${JSON.stringify(message)}\n`),
      () => response.end(),
    );
    response.on('close', stop);
  }

  async function streamLog(response: ServerResponse, messages: AsyncIterable<LogFollow>): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    for await (const message of messages) {
      if (response.destroyed) return;
      response.write(`${JSON.stringify(message)}\n`);
    }
  }

  async function sendPage(response: ServerResponse, path: string): Promise<void> {
    const file = path === '/' ? 'index.html' : path.slice(1);
    if (file.includes('..')) throw new Refusal(404, 'NOT_FOUND');
    const content = await readFile(join(pages, file)).catch(() => {
      throw new Refusal(404, 'NOT_FOUND');
    });
    response
      .writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
      })
      .end(content);
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const heartbeats = setInterval(() => feed.heartbeat(), feedHeartbeatMs);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}/`;
  return {
    url,
    port: address.port,
    signInUrl: `${url}#ticket=${ticket}`,
    requests,
    async close() {
      clearInterval(heartbeats);
      feed.cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function findRoute(method: string, path: string) {
  const segments = path.split('/').map(decodeURIComponent);
  for (const [route, row] of Object.entries(adminRoutes) as [AdminRoute, AdminRow][]) {
    const parts = row.path.split('/');
    const fits =
      parts.length === segments.length && parts.every((part, at) => part.startsWith(':') || part === segments[at]);
    if (row.method !== method || !fits) continue;
    const params = Object.fromEntries(
      parts.flatMap((part, at) => (part.startsWith(':') ? [[part.slice(1), segments[at]]] : [])),
    );
    return { route, params };
  }
  return undefined;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  return text === '' ? undefined : JSON.parse(text);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
