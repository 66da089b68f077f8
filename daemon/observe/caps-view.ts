import { providerLabel } from '../../protocol/provider-label.ts';
import type { CapsView } from '../../protocol/snapshot.ts';
import type { LimiterSnapshot } from '../calls/limiter.ts';

/** What settings say, in calls; `providers` by upper-case name. */
export interface ConfiguredCaps {
  readonly global: number;
  readonly providers: Readonly<Record<string, number>>;
  /** 0: no queue. */
  readonly queue: number;
}

/** Every limit and how full it is, as surfaces show it. */
export function capsView(snapshot: LimiterSnapshot, configured: ConfiguredCaps): CapsView {
  const { global, queue } = snapshot;
  return {
    sessionCap: snapshot.sessionCap,
    global: {
      id: 'global',
      label: 'All',
      inflight: global.inflight,
      cap: global.capacity,
      configuredCap: configured.global,
      queued: snapshot.queued,
    },
    providers: Object.entries(snapshot.providers).map(([name, gauge]) => ({
      id: name.toLowerCase(),
      label: providerLabel(name),
      inflight: gauge.inflight,
      cap: gauge.capacity,
      configuredCap: configured.providers[name] ?? null,
      queued: snapshot.queuedByProvider.get(name) ?? 0,
    })),
    queue:
      queue.max === 0
        ? null
        : {
            id: 'queue',
            label: 'Queue',
            inflight: snapshot.queued,
            cap: queue.max,
            configuredCap: configured.queue,
            queued: snapshot.queued,
          },
  };
}
