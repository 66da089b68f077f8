/** What a codec found in the bytes of the daemon. */
export interface CodecEvents {
  /**
   * One complete frame. `isControl` undefined where the framing does not tell (WebSocket). The bytes may be a view of a
   * larger read: copy what must outlive the call.
   */
  onFrame(bytes: Uint8Array, isControl: boolean | undefined): void;
  onPing(payload: Uint8Array): void;
  onClose(code: number, reason: string): void;
  /** The daemon broke the protocol: nothing that follows can be read. `code` is the close code that says how. */
  onBroken(code: 1002 | 1007 | 1009, reason: string): void;
}

/** Turns frames into bytes and back. The parts of one frame are written one after the other. */
export interface FrameCodec {
  /** Largest frame accepted from now on, in bytes; a larger one is refused from its head alone. */
  maxFrameBytes: number;
  control(text: string): readonly Uint8Array[];
  message(bytes: Uint8Array): readonly Uint8Array[];
  ping(): readonly Uint8Array[];
  pong(payload: Uint8Array): readonly Uint8Array[];
  close(code: number, reason: string): readonly Uint8Array[];
  /** Reads bytes of the daemon; frames are reported before it returns. */
  push(chunk: Uint8Array): void;
  /** Drops all further bytes. */
  stop(): void;
}

/** Payload of a close frame, the same in both framings: code as unsigned 16-bit big endian, then the reason. */
export function closePayload(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8');
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code, 0);
  text.copy(payload, 2);
  return payload;
}

/** 1005 stands for a close frame without a code. */
export function readClosePayload(payload: Uint8Array): { readonly code: number; readonly reason: string } {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  return { code: view.length >= 2 ? view.readUInt16BE(0) : 1005, reason: view.subarray(2).toString('utf8') };
}
