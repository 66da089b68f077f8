import type { MaskText } from '../../platform/redaction.ts';
import type {
  CallView,
  CapsView,
  InstanceView,
  ProblemView,
  SavingsView,
  SessionView,
  TotalsView,
  UpstreamView,
} from '../../protocol/snapshot.ts';
import type { Dispatcher } from '../calls/dispatcher.ts';
import type { InflightCall } from '../calls/inflight-call.ts';
import type { Limiter, LimiterSnapshot } from '../calls/limiter.ts';
import type { AuthPolicy } from '../config.ts';
import { callView, previewOf } from './call-view.ts';
import { type ConfiguredCaps, capsView } from './caps-view.ts';
import type { LiveSession } from './live-sessions.ts';
import type { LiveTally } from './live-tally.ts';
import { Problems, type Refusals } from './problems.ts';
import type { RefusedScope } from './refusals.ts';
import { sessionName, sessionView } from './session-view.ts';
import type { DaemonStatus } from './status.ts';

export interface LiveViewsOptions {
  readonly tally: LiveTally;
  readonly dispatcher: Dispatcher;
  readonly limiter: Limiter;
  readonly authenticator: { readonly policy: AuthPolicy; readonly tokenGeneration: number };
  readonly maskText: MaskText;
  /** Built-in tools on offer. */
  readonly toolCount: () => number;
  readonly configuredCaps: () => ConfiguredCaps;
  /** The servers that are hosted; absent: none can be. */
  readonly upstreams?: HostedView | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What surfaces show of hosted servers. */
export interface HostedView {
  views(): readonly UpstreamView[];
  savings(): SavingsView | null;
}

/** Makes the parts of the snapshot, each from those who own its truth. Nothing is kept but when problems began. */
export class LiveViews {
  readonly #options: LiveViewsOptions;
  readonly #problems = new Problems();

  constructor(options: LiveViewsOptions) {
    this.#options = options;
  }

  session({ session, color, stats, endedAt }: LiveSession): SessionView {
    const { limiter, authenticator: auth, maskText } = this.#options;
    const slots = limiter.ofSession(session.key);
    return sessionView(session, { color, stats, endedAt, slots, cap: limiter.sessionCap, auth, maskText });
  }

  preview(call: InflightCall): string | null {
    return previewOf(call, this.#options.maskText);
  }

  call(call: InflightCall, preview: string | null): CallView {
    return callView(call, preview, this.#options.maskText);
  }

  totals({ global, queued }: LimiterSnapshot): TotalsView {
    const { sessions, refused, today } = this.#options.tally;
    return {
      sessions: sessions.living,
      inflight: global.inflight,
      queued,
      refusedLastMinute: refused.total,
      callsToday: today.calls,
      errorsToday: today.errors,
    };
  }

  caps(slots: LimiterSnapshot): CapsView {
    return capsView(slots, this.#options.configuredCaps());
  }

  /** What sharing has saved, as last measured. */
  savings(): SavingsView | null {
    return this.#options.upstreams?.savings() ?? null;
  }

  /** The built-in tools first, then the servers. */
  upstreams(): UpstreamView[] {
    let inflight = 0;
    for (const { info, state } of this.#options.dispatcher.inflight.all()) {
      if (info.upstream === null && state !== 'queued') inflight += 1;
    }
    const tools = this.#options.toolCount();
    const own: UpstreamView = { upstreamId: 'builtin', name: 'EXAI', kind: 'builtin', state: 'ready', tools, inflight };
    return [own, ...(this.#options.upstreams?.views() ?? [])];
  }

  /** None: entries cannot be added yet. */
  instances(): InstanceView[] {
    return [];
  }

  problems(status: DaemonStatus, slots: LimiterSnapshot): ProblemView[] {
    const { refusals, unauthorized } = this.#options.tally;
    const { since, total: count } = unauthorized;
    const facts = {
      status,
      refusals: refusals.recent().map((refused) => this.#withFigures(refused, slots)),
      unauthorized: since === null ? null : { count, since },
    };
    return this.#problems.of(facts, this.#options.now() / 1000);
  }

  /** How full the limit is now that has refused a call. */
  #withFigures(refused: RefusedScope, slots: LimiterSnapshot): Refusals {
    const { id } = refused;
    switch (refused.scope) {
      case 'session': {
        const session = this.#options.tally.sessions.get(id)?.session;
        const { inflight, queued: waiting } = this.#options.limiter.ofSession(id);
        const name = session === undefined ? id : this.#options.maskText(sessionName(session));
        return { ...refused, name, inflight, limit: slots.sessionCap, waiting };
      }
      case 'provider': {
        const { inflight = 0, capacity: limit = 0 } = slots.providers[id] ?? {};
        const gaugeId = id.toLowerCase();
        const label = this.caps(slots).providers.find((gauge) => gauge.id === gaugeId)?.label;
        return {
          ...refused,
          id: gaugeId,
          name: label ?? id,
          inflight,
          limit,
          waiting: slots.queuedByProvider.get(id) ?? 0,
        };
      }
      case 'global':
        return {
          ...refused,
          name: 'global',
          inflight: slots.global.inflight,
          limit: slots.global.capacity,
          waiting: slots.queued,
        };
      case 'queue':
        return { ...refused, name: 'queue', inflight: slots.queued, limit: slots.queue.max, waiting: slots.queued };
    }
  }
}
