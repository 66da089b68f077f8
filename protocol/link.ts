/**
 * The shim's own framing on the local socket (docs/protocol.md, "The link"). An HTTP/1.1 request with
 * `Upgrade: exai-link/1` passes the same guards and proof as a WebSocket upgrade; after the 101 both sides speak
 * frames of a 5-byte head (payload length as unsigned 32-bit big endian, then the type) and the payload.
 * What frames mean is the same as on a WebSocket (WIRE §§1.3, 3, 5).
 */
export const linkUpgradeToken = 'exai-link/1';
export const linkHeadBytes = 5;

export const linkFrame = {
  /** JSON object with `op`: hello, hello_ack, control. */
  control: 1,
  /** One JSON-RPC message, the very bytes of the line without its line end. */
  message: 2,
  ping: 3,
  pong: 4,
  /** Close code as unsigned 16-bit big endian, then the reason in UTF-8. */
  close: 5,
} as const;

export type LinkFrameType = (typeof linkFrame)[keyof typeof linkFrame];
