import { limits } from '../protocol/limits.ts';

/** How long the owner of a daemon that went away (a tray app, a person at a terminal) has to start it again. */
const ownerGraceMs = 3_000;
const longestPauseMs = 300_000;

export interface AutostartFacts {
  /** `EXAI_WS_AUTOSTART`, and the endpoint is on this machine. */
  readonly isAllowed: boolean;
  /** This window has been connected before. */
  readonly wasConnected: boolean;
  /** Since the last connection, or since the start. */
  readonly awayMs: number;
  /** `stopped` = the last daemon ended in order: somebody wanted that. */
  readonly lastDaemon: 'running' | 'stopped' | 'unknown';
  /** Somebody else starts the daemon as a rule. */
  readonly hasOwner: boolean;
  /** The editor waits for an answer that only a daemon can give. */
  readonly isWaitedFor: boolean;
  /** Starts tried since the last connection. */
  readonly starts: number;
  readonly sinceLastStartMs: number;
}

/**
 * Whether a refused connect should start the daemon (WIRE §5.3). A new window may at once. A window that has lost its
 * daemon leaves the first word to the owner, and does not raise a daemon that was stopped on purpose before it is
 * needed. Failed starts become rarer.
 */
export function shouldAutostart(facts: AutostartFacts): boolean {
  if (!facts.isAllowed) return false;
  if (facts.starts > 0) {
    const pauseMs = Math.min(limits.startLockStaleMs * 2 ** (facts.starts - 1), longestPauseMs);
    if (facts.sinceLastStartMs < pauseMs) return false;
  }
  if (!facts.wasConnected) return true;
  if (facts.lastDaemon === 'stopped') return facts.isWaitedFor && facts.awayMs >= ownerGraceMs;
  return !facts.hasOwner || facts.awayMs >= ownerGraceMs;
}
