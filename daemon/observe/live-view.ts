import { performance } from 'node:perf_hooks';
import type { MaskText } from '../../platform/redaction.ts';
import type { DaemonEvent } from '../../protocol/events.ts';
import type { CallView, CapsView, InstanceView, SessionView, Snapshot, UpstreamView } from '../../protocol/snapshot.ts';
import type { Dispatcher } from '../calls/dispatcher.ts';
import type { InflightCall } from '../calls/inflight-call.ts';
import type { Limiter } from '../calls/limiter.ts';
import type { AuthPolicy } from '../config.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { ConfiguredCaps } from './caps-view.ts';
import { daemonView } from './daemon-view.ts';
import type { EventBus } from './event-bus.ts';
import { Feed, type FeedOptions, type FeedReader, type RestartReason } from './feed.ts';
import { FeedState } from './feed-state.ts';
import { LiveTally } from './live-tally.ts';
import { type HostedView, LiveViews } from './live-views.ts';
import type { StatusSource } from './status.ts';

export interface LiveViewOptions {
  readonly bus: EventBus;
  readonly registry: SessionRegistry;
  readonly dispatcher: Dispatcher;
  readonly limiter: Limiter;
  readonly status: StatusSource;
  readonly authenticator: { readonly policy: AuthPolicy; readonly tokenGeneration: number };
  readonly tokenGraceMs: number;
  readonly maskText: MaskText;
  /** Built-in tools on offer. */
  readonly toolCount: () => number;
  /** Limits as settings say. */
  readonly configuredCaps: () => ConfiguredCaps;
  readonly upstreams?: HostedView;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Milliseconds that no change of the wall clock moves. */
  readonly clock?: () => number;
  /** Calls `task` every `intervalMs`; returns how to stop. */
  readonly every?: FeedOptions['every'];
}

/**
 * What is true in the daemon now, for every surface: as a snapshot when asked, and as a feed of changes.
 *
 * It listens on the call path, so an event costs a few counters and, only while somebody reads, a note of what to look at
 * in the next frame. Rows are made there, at most ten times a second.
 */
export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #now: () => number;
  readonly #tally: LiveTally;
  readonly #views: LiveViews;
  readonly #state = new FeedState();
  readonly #feed: Feed;
  readonly #unsubscribe: () => void;
  /** Set while somebody reads. */
  #unwatch: (() => void) | undefined;
  readonly #changedSessions = new Set<string>();
  readonly #changedCalls = new Set<string>();
  /** Made once per call that readers are shown. */
  readonly #previews = new Map<string, string | null>();
  /** More has changed than calls and their sessions. */
  #mustScan = false;

  constructor(options: LiveViewOptions) {
    const { bus, now = Date.now, clock = () => performance.now() } = options;
    this.#options = options;
    this.#now = now;
    this.#tally = new LiveTally({ ...options, now, clock });
    this.#views = new LiveViews({ ...options, tally: this.#tally, now });
    this.#feed = new Feed({
      state: this.#state,
      refresh: (isEverything) => this.#refresh(isEverything),
      onReading: (isRead) => this.#onReading(isRead),
      now,
      every: options.every,
    });
    this.#unsubscribe = bus.subscribe((event) => this.#observe(event));
  }

  /** What earlier runs of the daemon have done today, once the history has said it; null: nobody knows. */
  countEarlier(counts: { readonly calls: number; readonly errors: number } | null): void {
    if (counts !== null) this.#tally.today.addEarlier(counts);
  }

  /** Everything, made for this one question. */
  snapshot(): Snapshot {
    const views = this.#views;
    this.#forgetEnded();
    const status = this.#options.status.status();
    const slots = this.#options.limiter.snapshot();
    return {
      seq: this.#feed.seq,
      takenAt: this.#now() / 1000,
      daemon: daemonView(status, this.#options.dispatcher.isPaused),
      totals: views.totals(slots),
      caps: views.caps(slots),
      savings: views.savings(),
      token: this.#tally.token.view(),
      problems: views.problems(status, slots),
      sessions: Array.from(this.#tally.sessions.all(), ([, live]) => views.session(live)),
      calls: this.calls(),
      upstreams: views.upstreams(),
      instances: views.instances(),
    };
  }

  /** Sends a snapshot and then every change, until {@link close}, {@link restart} or {@link stop}. */
  open(reader: FeedReader): void {
    this.#feed.open(reader);
  }

  /** The reader has gone. Safe to call again. */
  close(reader: FeedReader): void {
    this.#feed.close(reader);
  }

  /** Sends the last line of one reader. Safe to call again. */
  restart(reader: FeedReader, reason: RestartReason): void {
    this.#feed.restart(reader, reason);
  }

  /** The daemon stops: tells all readers and listens no more. */
  stop(): void {
    this.#unsubscribe();
    this.#feed.stop();
  }

  /** Something has changed that no event tells: a pause, a new name, a limit. Readers hear of it in the next frame. */
  changed(): void {
    this.#mustScan = true;
  }

  /** Undefined for a session that is no window. */
  session(session: Session): SessionView | undefined {
    const live = this.#tally.sessions.get(session.key);
    return live === undefined ? undefined : this.#views.session(live);
  }

  /** Calls that wait or run, of one session or of all. */
  calls(sessionKey?: string): CallView[] {
    const views: CallView[] = [];
    for (const call of this.#options.dispatcher.inflight.all()) {
      if (sessionKey === undefined || call.info.sessionKey === sessionKey) {
        views.push(this.#views.call(call, this.#previews.get(call.info.callId) ?? this.#views.preview(call)));
      }
    }
    return views;
  }

  caps(): CapsView {
    return this.#views.caps(this.#options.limiter.snapshot());
  }

  upstreams(): UpstreamView[] {
    return this.#views.upstreams();
  }

  instances(): InstanceView[] {
    return this.#views.instances();
  }

  #observe(event: DaemonEvent): void {
    const concerns = this.#tally.observe(event);
    if (concerns === 'nothing' || this.#unwatch === undefined) return;
    if (event.type === 'call.finished') this.#changedSessions.add(event.call.sessionKey);
    else this.#mustScan = true;
  }

  #onReading(isRead: boolean): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    if (isRead) {
      this.#unwatch = this.#options.dispatcher.inflight.watch(({ info }) => {
        this.#changedCalls.add(info.callId);
        this.#changedSessions.add(info.sessionKey);
      });
      return;
    }
    this.#changedCalls.clear();
    this.#changedSessions.clear();
    this.#previews.clear();
  }

  #refresh(isEverything: boolean): void {
    const hasForgotten = this.#forgetEnded();
    if (isEverything || this.#mustScan || hasForgotten) this.#scan();
    else if (this.#changedSessions.size > 0) this.#refreshChanged();
    this.#mustScan = false;
    this.#changedCalls.clear();
    this.#changedSessions.clear();
  }

  /** Whoever asks first forgets for all: readers are told with the next frame. */
  #forgetEnded(): boolean {
    const ended = this.#tally.sessions.forgetEnded();
    for (const key of ended) this.#state.sessions.remove(key);
    return ended.length > 0;
  }

  #scan(): void {
    const { limiter, dispatcher } = this.#options;
    const state = this.#state;
    const status = this.#options.status.status();
    state.set('daemon', daemonView(status, dispatcher.isPaused));
    state.set('token', this.#tally.token.view());
    state.set('problems', this.#views.problems(status, limiter.snapshot()));
    this.#setFigures();
    const sessions = new Set<string>();
    for (const [key, live] of this.#tally.sessions.all()) {
      sessions.add(key);
      state.sessions.put(key, this.#views.session(live));
    }
    state.sessions.keepOnly(sessions); // some may have gone while nobody read
    const calls = new Set<string>();
    for (const call of dispatcher.inflight.all()) {
      calls.add(call.info.callId);
      this.#putCall(call);
    }
    state.calls.keepOnly(calls);
    for (const callId of this.#previews.keys()) if (!calls.has(callId)) this.#previews.delete(callId);
    for (const instance of this.#views.instances()) state.instances.put(instance.instanceId, instance);
  }

  /** Every change of a call concerns its session too, and the figures. */
  #refreshChanged(): void {
    for (const key of this.#changedSessions) {
      const live = this.#tally.sessions.get(key);
      if (live !== undefined) this.#state.sessions.put(key, this.#views.session(live));
    }
    for (const callId of this.#changedCalls) {
      const call = this.#options.dispatcher.inflight.find(callId);
      if (call === undefined) {
        this.#state.calls.remove(callId);
        this.#previews.delete(callId);
      } else this.#putCall(call);
    }
    this.#setFigures();
  }

  #putCall(call: InflightCall): void {
    const { callId } = call.info;
    let preview = this.#previews.get(callId);
    if (preview === undefined) {
      preview = this.#views.preview(call);
      this.#previews.set(callId, preview);
    }
    this.#state.calls.put(callId, this.#views.call(call, preview));
  }

  #setFigures(): void {
    const slots = this.#options.limiter.snapshot();
    this.#state.set('totals', this.#views.totals(slots));
    this.#state.set('caps', this.#views.caps(slots));
    this.#state.set('savings', this.#views.savings());
    const upstreams = this.#views.upstreams();
    for (const upstream of upstreams) this.#state.upstreams.put(upstream.upstreamId, upstream);
    this.#state.upstreams.keepOnly(new Set(upstreams.map(({ upstreamId }) => upstreamId)));
  }
}
