import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers with a JSON body; used for every plain HTTP answer of the daemon. */
export function respond(
  response: ServerResponse,
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(statusCode, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(text);
}

/** Refuses an upgrade. `headers` are whole lines. */
export function refuseUpgrade(socket: Duplex, statusCode: number, text: string, headers = ''): void {
  endWith(socket, `HTTP/1.1 ${statusCode} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
}

/** Says a last word. The socket goes with it: a peer that keeps its end open would hold a descriptor and a place. */
export function endWith(socket: Duplex, text: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(text);
}
