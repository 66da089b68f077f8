import { isProcessAlive } from '../platform/process-info.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';

/** Who stops this daemon. `terminal` is a person in front of it. */
export interface DaemonOwner {
  readonly kind: 'tray' | 'terminal';
  readonly pid: number;
}

/**
 * `EXAI_DAEMON_OWNER` is set by whoever starts the daemon: `tray:<pid>`, or `autostart` by a shim. Null = nobody owns
 * it. Without the variable a person has started it.
 */
export function readOwner(value: string | undefined): DaemonOwner | null {
  if (value === 'autostart') return null;
  const tray = /^tray:(\d+)$/.exec(value ?? '');
  return tray === null ? { kind: 'terminal', pid: process.ppid } : { kind: 'tray', pid: Number(tray[1]) };
}

const checkIntervalMs = 30_000;

/** Ends a daemon that nobody owns and no window uses, so that nothing stays behind for ever (ARCHITECTURE §2). */
export class OwnerWatch {
  readonly #options: { owner: DaemonOwner | null; idleExitMs: number; registry: SessionRegistry; onIdle(): void };
  #timer: NodeJS.Timeout | undefined;
  #idleMs = 0;

  constructor(options: { owner: DaemonOwner | null; idleExitMs: number; registry: SessionRegistry; onIdle(): void }) {
    this.#options = options;
  }

  start(): void {
    const { idleExitMs, owner } = this.#options;
    if (idleExitMs === 0 || owner?.kind === 'terminal') return;
    const everyMs = Math.min(checkIntervalMs, idleExitMs);
    this.#timer = setInterval(() => this.#check(everyMs), everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(everyMs: number): void {
    const { owner, registry, idleExitMs } = this.#options;
    const isOwned = owner !== null && isProcessAlive(owner.pid);
    this.#idleMs = isOwned || registry.all().length > 0 ? 0 : this.#idleMs + everyMs;
    if (this.#idleMs >= idleExitMs) this.#options.onIdle();
  }
}
