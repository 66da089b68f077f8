import type { Socket } from 'node:net';
import type { CloseReason } from '../../protocol/limits.ts';
import { type LinkFrameType, linkHeadBytes } from '../../protocol/link.ts';

/** Payloads up to this size are copied behind their head, so that a frame is one write. */
const copyBelowBytes = 16 * 1024;
/** What a close frame without a code stands for, as on a WebSocket. */
const noCloseCode = 1005;

/** Writes one frame of a link (protocol/link.ts). Who corks the socket lets the frames of one tick leave together. */
export function writeLinkFrame(socket: Socket, type: LinkFrameType, payload: string | Uint8Array): void {
  const length = typeof payload === 'string' ? Buffer.byteLength(payload, 'utf8') : payload.length;
  const isSmall = length <= copyBelowBytes;
  const frame = Buffer.allocUnsafe(isSmall ? linkHeadBytes + length : linkHeadBytes);
  frame.writeUInt32BE(length, 0);
  frame[4] = type;
  if (!isSmall) {
    socket.write(frame);
    socket.write(payload);
    return;
  }
  if (typeof payload === 'string') frame.write(payload, linkHeadBytes, 'utf8');
  else frame.set(payload, linkHeadBytes);
  socket.write(frame);
}

export function encodeClose(reason: CloseReason): Uint8Array {
  const text = Buffer.from(reason.reason, 'utf8');
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(reason.code, 0);
  text.copy(payload, 2);
  return payload;
}

export function decodeClose(payload: Uint8Array): CloseReason {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  return {
    code: bytes.length >= 2 ? bytes.readUInt16BE(0) : noCloseCode,
    reason: bytes.subarray(2).toString('utf8'),
  };
}
