import { limits } from '../protocol/limits.ts';
import { linkUpgradeToken } from '../protocol/link.ts';
import { type LinkOptions, type LinkResult, proofHeaders } from './daemon-link.ts';
import { type Endpoint, type EndpointCandidate, endpointText } from './endpoint-plan.ts';
import { LinkCodec } from './link-codec.ts';
import { randomBytes } from './random-bytes.ts';
import { connectSocket } from './socket-connect.ts';
import { SocketLink } from './socket-link.ts';
import type { UpgradeHead } from './upgrade-head.ts';
import { requestUpgrade } from './upgrade-request.ts';
import { WebSocketCodec } from './web-socket-codec.ts';

/** Appended to the key of the client by every WebSocket server (RFC 6455 §1.3). */
const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const webSocketKeyBytes = 16;

/**
 * Opens a framed connection: the link on the local socket, a WebSocket on TCP. The server's proof is checked before
 * anything but the upgrade request is sent (WIRE §10).
 */
export async function openLink(candidate: EndpointCandidate, options: LinkOptions): Promise<LinkResult> {
  const { endpoint } = candidate;
  const startedAt = options.now();
  const connected = await connectSocket(endpoint, options.connectTimeoutMs);
  if (connected.type !== 'open') return connected;
  const { socket } = connected;
  socket.setNoDelay(true);
  const nonce = randomBytes(limits.nonceBytes).toString('base64url');
  const upgrade = upgradeOf(endpoint);
  const lines = [...upgrade.lines, `${proofHeaders.nonce}: ${nonce}`];
  const timeoutMs = Math.max(1, options.connectTimeoutMs - (options.now() - startedAt));
  const answering = requestUpgrade(socket, lines, timeoutMs);
  const isProven = options.expectProof(candidate, nonce);
  const answer = await answering;
  const where = endpointText(endpoint);
  const refuse = (message: string): LinkResult => {
    socket.destroy();
    return { type: 'failed', message };
  };
  if (answer === undefined) return refuse(`${where} did not answer as a daemon does.`);
  const { head, rest } = answer;
  if (head.statusCode !== 101) return refuse(`${where} answered ${head.statusCode} ${head.statusText}.`);
  const proof = { daemonRunId: head.headers.get(proofHeaders.run), proof: head.headers.get(proofHeaders.proof) };
  if (!upgrade.isAccepted(head) || !isProven(proof)) return refuse(`Another program answers on ${where}.`);
  const link = new SocketLink({
    socket,
    endpoint,
    firstBytes: rest,
    closeTimeoutMs: options.closeTimeoutMs,
    now: options.now,
    createCodec: (events) =>
      endpoint.kind === 'local'
        ? new LinkCodec(options.maxFrameBytes, events)
        : new WebSocketCodec(options.maxFrameBytes, events),
  });
  return { type: 'open', link };
}

interface Upgrade {
  readonly lines: readonly string[];
  readonly isAccepted: (head: UpgradeHead) => boolean;
}

function upgradeOf(endpoint: Endpoint): Upgrade {
  if (endpoint.kind === 'local') {
    return {
      lines: ['GET /link HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', `Upgrade: ${linkUpgradeToken}`],
      isAccepted: ({ headers }) => headers.get('upgrade')?.toLowerCase() === linkUpgradeToken,
    };
  }
  const key = randomBytes(webSocketKeyBytes).toString('base64');
  return {
    lines: [
      'GET / HTTP/1.1',
      `Host: ${endpointText(endpoint)}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
    ],
    isAccepted: ({ headers }) =>
      headers.get('upgrade')?.toLowerCase() === 'websocket' &&
      headers.get('sec-websocket-accept') === acceptOf(key) &&
      headers.get('sec-websocket-extensions') === undefined,
  };
}

function acceptOf(key: string): string {
  // Not imported at the top: a window on the local socket never needs it, and loading it takes 3 ms.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha1')
    .update(key + webSocketGuid)
    .digest('base64');
}
