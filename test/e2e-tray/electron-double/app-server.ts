import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

type Handler = (request: Request) => Response | Promise<Response>;

/**
 * Chromium as Debian ships it knows no scheme of the app's. Its handler is reached over HTTP instead, each scheme and host at
 * a port of its own, so origins stay apart as they are in Electron. Streams are streams.
 */
const handlers = new Map<string, Handler>();
const origins = new Map<string, string>();

export const protocol = {
  registerSchemesAsPrivileged(_schemes: readonly object[]): void {},
  handle(scheme: string, handler: Handler): void {
    handlers.set(scheme, handler);
  },
};

/** The HTTP address that stands for an address of the app's own scheme; others are themselves. */
export async function toHttp(url: string): Promise<string> {
  const { protocol: scheme, host, pathname, search, hash } = new URL(url);
  const handler = handlers.get(scheme.slice(0, -1));
  if (handler === undefined) return url;
  const own = `${scheme}//${host}`;
  const known = [...origins].find(([, origin]) => origin === own)?.[0];
  return `${known ?? (await serve(own, handler))}${pathname}${search}${hash}`;
}

/** The other way round. */
export function fromHttp(url: string): string {
  for (const [http, own] of origins) if (url.startsWith(http)) return own + url.slice(http.length);
  return url;
}

async function serve(own: string, handler: Handler): Promise<string> {
  const server = createServer((incoming, outgoing) => void answer(own, handler, incoming, outgoing));
  server.unref();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const http = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  origins.set(http, own);
  return http;
}

async function answer(own: string, handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse) {
  const parts: Buffer[] = [];
  for await (const part of incoming) if (part instanceof Buffer) parts.push(part);
  const { method = 'GET', headers } = incoming;
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  const type = headers['content-type'];
  const request = new Request(`${own}${incoming.url}`, {
    method,
    signal: gone.signal,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    ...(parts.length === 0 ? {} : { body: Buffer.concat(parts) }),
  });
  const response = await handler(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  if (response.body === null) outgoing.end();
  // The page may go in the middle of an endless answer.
  else await pipeline(Readable.fromWeb(response.body as never), outgoing).catch(() => undefined);
}
