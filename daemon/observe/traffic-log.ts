import type { Logger } from '../../platform/json-logger.ts';
import type { CallOutcome, DaemonEvent, SessionInfo } from '../../protocol/events.ts';

export const trafficLogName = 'mcp_server.log';

export interface TrafficLogOptions {
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

interface SessionCounts {
  calls: number;
  failed: number;
  refused: number;
}

interface Burst {
  startedAt: number;
  unreported: number;
}

/** Equal handshake failures make one line in so many milliseconds. */
const burstMs = 10_000;
/** Failures of authentication concern the user; all others may be probes and stay at `debug` (WIRE §1.4). */
const credentialFailures: ReadonlySet<string> = new Set(['unauthorized', 'jwt_required']);

/**
 * The summary of MCP traffic in `mcp_server.log`: windows that come, drop, return and go, with the counts of their
 * calls at the end, and handshakes that failed. A line per change, none per message or call; no payloads.
 */
export class TrafficLog {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #counts = new Map<string, SessionCounts>();
  readonly #bursts = new Map<string, Burst>();

  constructor({ logger, now = Date.now }: TrafficLogOptions) {
    this.#logger = logger;
    this.#now = now;
  }

  observe(event: DaemonEvent): void {
    switch (event.type) {
      case 'call.finished':
        this.#count(event.call.sessionKey, event.call.outcome);
        break;
      case 'session.connected':
        this.#counts.set(event.session.key, { calls: 0, failed: 0, refused: 0 });
        this.#logger.info('session connected', { ...who(event.session), ...details(event.session) });
        break;
      case 'session.detached':
        this.#logger.info('session detached', {
          ...who(event.session),
          reason: event.reason,
          running: event.session.inflight,
        });
        break;
      case 'session.resumed':
        this.#logger.info('session resumed', { ...who(event.session), result: event.result, lost: event.lost });
        break;
      case 'session.ended':
        this.#sessionEnded(event.session, event.reason);
        break;
      case 'handshake.finished':
        if (event.result !== 'ok') this.#handshakeFailed(event.transport, event.result);
        break;
      case 'token.rotated':
        this.#logger.info('token rotated', { generation: event.generation });
        break;
      case 'daemon.draining':
        this.#logger.info('daemon draining', { maxMs: event.maxMs });
        break;
      default:
        break; // everything else is counted in the metrics
    }
  }

  /** Reports what was held back. */
  close(): void {
    for (const [key, burst] of this.#bursts) if (burst.unreported > 0) this.#reportBurst(key, burst);
    this.#bursts.clear();
  }

  #count(sessionKey: string, outcome: CallOutcome): void {
    const counts = this.#counts.get(sessionKey);
    if (counts === undefined) return;
    counts.calls += 1;
    if (outcome === 'refused') counts.refused += 1;
    else if (outcome !== 'ok') counts.failed += 1;
  }

  #sessionEnded(session: SessionInfo, reason: string): void {
    const counts = this.#counts.get(session.key) ?? { calls: 0, failed: 0, refused: 0 };
    this.#counts.delete(session.key);
    const durationMs = Math.max(0, Math.round(this.#now() - session.connectedAt * 1000));
    this.#logger.info('session ended', { ...who(session), reason, durationMs, ...counts, resumes: session.resumes });
  }

  #handshakeFailed(transport: string, reason: string): void {
    const key = `${transport} ${reason}`;
    const burst = this.#bursts.get(key);
    if (burst === undefined || this.#now() - burst.startedAt >= burstMs || this.#now() < burst.startedAt) {
      const next = { startedAt: this.#now(), unreported: (burst?.unreported ?? 0) + 1 };
      this.#bursts.set(key, next);
      this.#reportBurst(key, next);
    } else {
      burst.unreported += 1;
    }
  }

  #reportBurst(key: string, burst: Burst): void {
    const [transport, reason = ''] = key.split(' ', 2);
    const fields = { transport, reason, count: burst.unreported };
    burst.unreported = 0;
    if (credentialFailures.has(reason)) this.#logger.warn('handshake failed', fields);
    else this.#logger.debug('handshake failed', fields);
  }
}

function who(session: SessionInfo): Record<string, unknown> {
  const { sessionId, instanceId, shimId } = session;
  return { sessionId, instanceId, shimId };
}

function details(session: SessionInfo): Record<string, unknown> {
  const { transport, auth, clientName, clientVersion, editor, serverId, serverName, pid } = session;
  return { transport, auth, client: clientName, clientVersion, editor, serverId, serverName, pid };
}
