/** Head of the answer to an upgrade request. */
export interface UpgradeHead {
  readonly statusCode: number;
  /** Text behind the status code. */
  readonly statusText: string;
  /** By name in lower case; of a repeated one the first counts. */
  readonly headers: ReadonlyMap<string, string>;
}

const end = Buffer.from('\r\n\r\n');

export type HeadResult =
  | { readonly type: 'more' }
  | { readonly type: 'head'; readonly head: UpgradeHead; readonly rest: Buffer }
  | { readonly type: 'malformed' };

/** Our own daemon sends some hundred bytes; whoever sends more is somebody else. */
const maxHeadBytes = 16 * 1024;

/** Reads an HTTP/1.1 response head from the bytes received so far. */
export function readUpgradeHead(received: Buffer): HeadResult {
  const at = received.indexOf(end);
  if (at < 0) return received.length > maxHeadBytes ? { type: 'malformed' } : { type: 'more' };
  if (at > maxHeadBytes) return { type: 'malformed' };
  const [statusLine = '', ...lines] = received.toString('latin1', 0, at).split('\r\n');
  const [, code, text = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine) ?? [];
  if (code === undefined) return { type: 'malformed' };
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return { type: 'malformed' };
    const name = line.slice(0, colon).toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  const head = { statusCode: Number(code), statusText: text, headers };
  return { type: 'head', head, rest: received.subarray(at + end.length) };
}
