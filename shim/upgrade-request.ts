import type { Socket } from 'node:net';
import { readUpgradeHead, type UpgradeHead } from './upgrade-head.ts';

/** The answer to an upgrade request, and the first bytes behind it. */
export interface UpgradeResponse {
  readonly head: UpgradeHead;
  readonly rest: Buffer;
}

/**
 * Sends an HTTP/1.1 upgrade request and reads the head of the answer. Undefined when the peer leaves, sends something
 * else or takes too long. The socket is paused afterwards.
 */
export function requestUpgrade(
  socket: Socket,
  lines: readonly string[],
  timeoutMs: number,
): Promise<UpgradeResponse | undefined> {
  return new Promise((resolve) => {
    let received: Buffer | undefined;
    const finish = (response: UpgradeResponse | undefined): void => {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('close', onEnd);
      socket.pause();
      resolve(response);
    };
    const onData = (chunk: Buffer): void => {
      received = received === undefined ? chunk : Buffer.concat([received, chunk]);
      const read = readUpgradeHead(received);
      if (read.type === 'head') finish(read);
      else if (read.type === 'malformed') finish(undefined);
    };
    const onEnd = (): void => finish(undefined);
    const timer = setTimeout(onEnd, timeoutMs);
    socket.on('data', onData);
    socket.on('close', onEnd);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
}
