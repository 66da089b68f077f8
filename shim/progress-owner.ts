import { requestIdKey } from '../protocol/ids.ts';
import type { PendingRequest } from './pending-requests.ts';

const keyText = Buffer.from('"progressToken"');

/**
 * The request that a progress token belongs to. Most clients use the request's id as its token; for the others the token
 * is looked for in what they sent. A wrong guess does no harm: it only delays a question to the daemon.
 */
export function findProgressOwner(token: unknown, requests: readonly PendingRequest[]): PendingRequest | undefined {
  if (typeof token !== 'string' && typeof token !== 'number') return undefined;
  const key = requestIdKey(token);
  return (
    requests.find(({ id }) => requestIdKey(id) === key) ?? requests.find(({ bytes }) => carriesToken(bytes, token))
  );
}

function carriesToken(bytes: Uint8Array, token: string | number): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = JSON.stringify(token);
  for (let at = text.indexOf(keyText); at >= 0; at = text.indexOf(keyText, at + 1)) {
    const start = at + keyText.length;
    const after = text.toString('utf8', start, start + Buffer.byteLength(wanted) + 8);
    const [, value = ''] = /^\s*:\s*(.*)$/s.exec(after) ?? [];
    if (value.startsWith(wanted) && !/^[\d.eE]/.test(value.slice(wanted.length))) return true;
  }
  return false;
}
