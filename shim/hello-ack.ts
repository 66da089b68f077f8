import type { HelloError } from '../protocol/hello.ts';
import type { RequestId } from '../protocol/ids.ts';
import { limits } from '../protocol/limits.ts';
import { isRecord } from './editor-message.ts';

/** The parts of an accepting `hello_ack` that the shim acts on. */
export interface AcceptedHello {
  readonly type: 'accepted';
  readonly sessionId: string;
  readonly daemonRunId: string;
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly isResumed: boolean;
  readonly lost: readonly RequestId[];
  readonly unknown: readonly RequestId[];
  readonly maxFrameBytes: number;
  readonly maxPending: number;
  readonly warnings: readonly string[];
}

export type HelloAnswer =
  | AcceptedHello
  | { readonly type: 'refused'; readonly error: HelloError; readonly hint: string }
  /** An ack without `daemonRunId`: the daemon is older than this protocol (WIRE §5.3). */
  | { readonly type: 'predecessor' }
  | { readonly type: 'invalid' };

/** What applies where the ack says nothing. */
export interface AckDefaults {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly maxFrameBytes: number;
}

const helloErrors: ReadonlySet<unknown> = new Set<HelloError>([
  'invalid_hello',
  'missing_hello',
  'unauthorized',
  'jwt_required',
  'session_limit',
  'upgrade_required',
]);

/** Reads the first frame of the daemon (WIRE §3.2). */
export function readHelloAnswer(bytes: Uint8Array, defaults: AckDefaults): HelloAnswer {
  const ack = parse(bytes);
  if (ack === undefined || ack['op'] !== 'hello_ack') return { type: 'invalid' };
  if (ack['ok'] !== true) {
    const { error, hint } = ack;
    return isHelloError(error)
      ? { type: 'refused', error, hint: typeof hint === 'string' ? hint : '' }
      : { type: 'invalid' };
  }
  const { session_id: sessionId, daemonRunId } = ack;
  if (typeof daemonRunId !== 'string' || daemonRunId === '') return { type: 'predecessor' };
  const heartbeat = isRecord(ack['heartbeat']) ? ack['heartbeat'] : {};
  const bounds = isRecord(ack['limits']) ? ack['limits'] : {};
  return {
    type: 'accepted',
    sessionId: typeof sessionId === 'string' ? sessionId : '',
    daemonRunId,
    heartbeat: {
      intervalMs: numberIn(heartbeat['intervalMs'], 0, 3_600_000) ?? defaults.pingIntervalMs,
      timeoutMs: numberIn(heartbeat['timeoutMs'], 1, 3_600_000) ?? defaults.pingTimeoutMs,
    },
    isResumed: ack['resumed'] === true,
    lost: requestIds(ack['lost']),
    unknown: requestIds(ack['unknown']),
    maxFrameBytes: numberIn(bounds['maxFrameBytes'], 1024, limits.maxFrameBytesCeiling) ?? defaults.maxFrameBytes,
    maxPending: numberIn(bounds['maxPending'], 1, limits.maxPendingRequests) ?? limits.maxPendingRequests,
    warnings: Array.isArray(ack['warnings']) ? ack['warnings'].filter((warning) => typeof warning === 'string') : [],
  };
}

/** Ids in a frame of the daemon; what is none is left out. */
export function requestIds(value: unknown): RequestId[] {
  if (!Array.isArray(value)) return [];
  return value.filter((id): id is RequestId => typeof id === 'string' || typeof id === 'number');
}

function isHelloError(value: unknown): value is HelloError {
  return helloErrors.has(value);
}

function numberIn(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && value >= least && value <= most ? value : undefined;
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // not a frame of a daemon
  }
}
