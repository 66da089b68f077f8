import { OpsClient } from './ops-client.ts';

/** Sockets that may be on their way in at once: the daemon lets 64 wait for their first frame. */
const openAtOnce = 32;
const tickMs = 20;

/** Many sessions that call without a pause, to see what the surfaces make of it. */
export class Flood {
  readonly #clients: readonly OpsClient[];
  #calls = 0;

  private constructor(clients: readonly OpsClient[]) {
    this.#clients = clients;
  }

  static async open(port: number, sessions: number): Promise<Flood> {
    const clients: OpsClient[] = [];
    while (clients.length < sessions) {
      const count = Math.min(openAtOnce, sessions - clients.length);
      const opened = await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const client = await OpsClient.connect({ port });
          await client.hello({ session_id: `flood-${String(clients.length + index).padStart(3, '0')}` });
          return client;
        }),
      );
      clients.push(...opened);
    }
    return new Flood(clients);
  }

  /** Calls in turn from every session, each of `callMs`, for so long. Resolves with the number of calls that were sent. */
  run({ perSecond, callMs, forMs }: { perSecond: number; callMs: number; forMs: number }): Promise<number> {
    const before = this.#calls;
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const elapsed = performance.now() - startedAt;
        const due = Math.floor((Math.min(elapsed, forMs) / 1000) * perSecond);
        while (this.#calls - before < due) this.#send(callMs);
        if (elapsed < forMs) return;
        clearInterval(timer);
        resolve(this.#calls - before);
      }, tickMs);
    });
  }

  close(): void {
    for (const client of this.#clients) client.terminate();
  }

  #send(callMs: number): void {
    const client = this.#clients[this.#calls % this.#clients.length];
    client?.send({
      op: 'call_tool',
      request_id: `f${this.#calls}`,
      name: 'echo',
      arguments: { text: `call ${this.#calls}`, ms: callMs },
    });
    this.#calls += 1;
  }
}

/** What a daemon needs to let a flood of 500 sessions in. */
export const floodEnv = {
  SESSION_MAX_CONCURRENT: '1000',
  EXAI_WS_SESSION_MAX_INFLIGHT: '64',
  EXAI_WS_GLOBAL_MAX_INFLIGHT: '10000',
  EXAI_SESSION_GRACE_SECS: '0',
} as const;
