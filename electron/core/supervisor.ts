import type { AdminClient } from '../../platform/admin-client.ts';
import type { StateLayout } from '../../platform/state-dir.ts';
import { exitCodes } from '../../protocol/errors.ts';
import { feedHeartbeatMs } from '../../protocol/feed.ts';
import type { HostProblem, SupervisorView } from '../../protocol/host-bridge.ts';
import { limits } from '../../protocol/limits.ts';
import { findDaemon } from './adopt.ts';
import { type Clock, sleep } from './clock.ts';
import { type DaemonExit, type DaemonProcess, watchForeignDaemon } from './daemon-process.ts';
import type { DaemonLaunch, DaemonStarter } from './daemon-starter.ts';
import { type EndOptions, endDaemon, orNothing } from './end-daemon.ts';
import { HealthWatch } from './health-watch.ts';
import { afterCrash, type CrashHistory, noCrashes } from './restart-policy.ts';
import { crashLoop, exited, otherVersion, startFailed, unanswered } from './supervisor-problems.ts';

export interface SupervisorOptions {
  readonly layout: StateLayout;
  /** Asked at each start: the port may have been changed meanwhile. */
  readonly launch: () => DaemonLaunch;
  readonly starter: DaemonStarter;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  /** Of this app. A daemon of another one is adopted, and said to be another. */
  readonly version: string;
  readonly portProblem: (launch: DaemonLaunch) => Promise<HostProblem>;
  /** `client` is there exactly while the state is `ready`; it belongs to the supervisor. */
  readonly onChange: (view: SupervisorView, client: AdminClient | undefined) => void;
  /** The second crash within five minutes. */
  readonly onRepeatedCrash: () => void;
  /** The machine slept: what was read before may be old. */
  readonly onSlept?: () => void;
  readonly heartbeatMs?: number;
}

const startTimeoutMs = 20_000;
const lookAgainMs = 250;
/** One that does not answer has nothing to drain. */
const hung = { killAfterMs: 2_000 } as const;
/** Looks for a daemon whose process is there but which does not answer (yet, or any more). */
const looksBeforeHung = 20;

/**
 * Owns the daemon of one profile: finds or starts it, watches it, starts it again, and stops it. What happens while
 * nobody waits for it any more is dropped: each call of `start`, `stop` or `release` begins a new run.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #view: SupervisorView = { state: 'stopped', pid: null, origin: null, nextTryAt: null, problem: null };
  #run = 0;
  #daemon: DaemonProcess | undefined;
  #client: AdminClient | undefined;
  #health: HealthWatch | undefined;
  #stopping: Promise<void> | undefined;
  #crashes: CrashHistory = noCrashes;
  /** Counts what was asked for: a start that waits for the end of the last daemon is dropped when something else is. */
  #wish = 0;
  /** Ended by us because it did not answer, whatever it says of its end. */
  #wasHung = false;
  /** What follows the end of a daemon that lets its calls finish; undefined while none was asked to. */
  #afterCalls: 'stay-stopped' | 'start' | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get view(): SupervisorView {
    return this.#view;
  }

  /** Finds the daemon, or starts one. Does nothing while one is there or on its way. A person's start forgets crashes. */
  start(): void {
    if (this.#view.state === 'starting' || this.#view.state === 'ready') return;
    this.#crashes = noCrashes;
    this.#wish += 1;
    void this.#bringUp();
  }

  /** Drains and ends the daemon; resolves when it has gone. Safe to call again; the first call says how. */
  async stop(how: Pick<EndOptions, 'waitMs' | 'killAfterMs'> = {}): Promise<void> {
    this.#wish += 1;
    this.#stopping ??= this.#end(how).finally(() => {
      this.#stopping = undefined;
    });
    await this.#stopping;
  }

  /** A stop that is asked for meanwhile, as at a quit, has the last word. */
  async restart(): Promise<void> {
    const stopped = this.stop();
    const wish = this.#wish;
    await stopped;
    if (wish === this.#wish) this.start();
  }

  /**
   * Lets running calls finish first, while the daemon takes no new ones and is shown as draining. Resolves when it has been
   * told; `stop` ends the waiting.
   * @throws FailureError when it cannot be told; nothing has changed then
   */
  async endAfterCalls(then: 'stay-stopped' | 'start'): Promise<void> {
    if (this.#client === undefined) {
      await (then === 'start' ? this.restart() : this.stop());
      return;
    }
    const before = this.#afterCalls;
    this.#afterCalls = then;
    try {
      await this.#client.send('stopDaemon', { body: { waitMs: limits.longestStopWaitMs } });
    } catch (error) {
      this.#afterCalls = before;
      throw error;
    }
  }

  /** Lets the daemon live on without this app; `start` finds it again. */
  release(): void {
    this.#wish += 1;
    this.#begin();
    this.#daemon = undefined;
    this.#show('stopped', {});
  }

  /** Something came over the feed. */
  heard(): void {
    this.#health?.heard();
  }

  /** The machine was away: the daemon is asked at once whether it is still there. */
  recheck(): void {
    this.#health?.recheck();
  }

  /** A new run: what was waited for is not waited for any more. */
  #begin(): number {
    this.#health?.stop();
    this.#health = undefined;
    this.#client?.close();
    this.#client = undefined;
    this.#afterCalls = undefined;
    this.#wasHung = false;
    this.#run += 1;
    return this.#run;
  }

  async #end(how: Pick<EndOptions, 'waitMs' | 'killAfterMs'>): Promise<void> {
    const client = this.#client;
    this.#client = undefined; // not closed yet: it is asked over it
    this.#begin();
    const daemon = this.#daemon;
    if (daemon !== undefined) {
      this.#show('stopping', {});
      await endDaemon(daemon, { ...how, client, clock: this.#options.clock });
      this.#daemon = undefined;
    }
    client?.close();
    this.#show('stopped', {});
  }

  async #bringUp(looks = 0): Promise<void> {
    const { clock, layout, version } = this.#options;
    const wish = this.#wish;
    await this.#stopping;
    if (wish !== this.#wish) return;
    const run = this.#begin();
    this.#show('starting', {});
    const found = await findDaemon(layout);
    if (run !== this.#run) {
      if (found.type === 'found') found.client.close();
      return;
    }
    switch (found.type) {
      case 'found': {
        const { pid, processStartedAt, version: theirs } = found.discovery;
        const daemon = watchForeignDaemon(pid, processStartedAt, clock);
        const problem = theirs === version ? null : otherVersion(theirs, version);
        this.#up({ run, daemon, client: found.client, origin: 'adopted', problem });
        return;
      }
      case 'silent': {
        const { pid, processStartedAt } = found.discovery;
        // It starts, drains, or hangs.
        if (looks >= looksBeforeHung) {
          await endDaemon(watchForeignDaemon(pid, processStartedAt, clock), { ...hung, clock });
        } else await sleep(clock, lookAgainMs);
        if (run === this.#run) void this.#bringUp(looks + 1);
        return;
      }
      case 'refused':
        this.#show('failed', { problem: startFailed([found.message]) });
        return;
      case 'none':
        await this.#launch(run, looks);
    }
  }

  async #launch(run: number, looks: number): Promise<void> {
    const { starter, launch, clock, layout } = this.#options;
    const wanted = launch();
    const daemon = starter.start(wanted);
    this.#daemon = daemon;
    const ready = daemon.ready.then(() => 'ready' as const);
    const outcome = await orNothing(Promise.race([ready, daemon.exited]), clock, startTimeoutMs);
    if (run !== this.#run) return; // stop() has it
    if (outcome === 'ready') {
      const found = await findDaemon(layout);
      const isOurs = found.type === 'found' && found.discovery.pid === daemon.pid;
      if (run === this.#run && isOurs) {
        this.#up({ run, daemon, client: found.client, origin: 'started', problem: null });
        return;
      }
      if (found.type === 'found') found.client.close();
      if (run !== this.#run) return;
    }
    if (outcome === 'ready' || outcome === undefined) daemon.signal('SIGKILL');
    const exit = await daemon.exited;
    if (run !== this.#run) return;
    this.#daemon = undefined;
    await this.#onFailedStart(exit, { run, looks, wanted });
  }

  async #onFailedStart(exit: DaemonExit, context: { run: number; looks: number; wanted: DaemonLaunch }): Promise<void> {
    const { run, looks, wanted } = context;
    switch (exit.exitCode) {
      case exitCodes.daemonAlreadyRuns:
        // A window was faster: its daemon is not ready yet.
        if (looks >= looksBeforeHung) break;
        await sleep(this.#options.clock, lookAgainMs);
        if (run === this.#run) void this.#bringUp(looks + 1);
        return;
      case exitCodes.portTaken: {
        const problem = await this.#options.portProblem(wanted);
        if (run === this.#run) this.#show('failed', { problem: { ...problem, stderrTail: [...exit.stderrTail] } });
        return;
      }
      case exitCodes.configuration:
        break;
      default:
        if (exit.exitCode === null && exit.signal === null) break; // the program itself cannot be started
        this.#onCrash(exit, 0);
        return;
    }
    this.#show('failed', { problem: startFailed(exit.stderrTail) });
  }

  #up(daemon: {
    readonly run: number;
    readonly daemon: DaemonProcess;
    readonly client: AdminClient;
    readonly origin: 'started' | 'adopted';
    readonly problem: HostProblem | null;
  }): void {
    const { clock, heartbeatMs = feedHeartbeatMs } = this.#options;
    const readyAt = clock.now();
    this.#daemon = daemon.daemon;
    this.#client = daemon.client;
    this.#health = new HealthWatch({
      clock,
      heartbeatMs,
      isAnswering: (timeoutMs) => daemon.client.isAnswering(timeoutMs),
      onSilence: (isSilent) =>
        this.#show('ready', { ...this.#view, problem: isSilent ? unanswered(heartbeatMs) : daemon.problem }),
      onDead: () => {
        this.#wasHung = true;
        void endDaemon(daemon.daemon, { ...hung, clock });
      },
      onSlept: () => this.#options.onSlept?.(),
    });
    void daemon.daemon.exited.then((exit) => {
      if (daemon.run === this.#run) void this.#onExit(exit, clock.now() - readyAt);
    });
    this.#show('ready', { pid: daemon.daemon.pid, origin: daemon.origin, problem: daemon.problem });
  }

  async #onExit(exit: DaemonExit, readyForMs: number): Promise<void> {
    const wasSilent = this.#wasHung || this.#view.problem?.code === 'DAEMON_UNAVAILABLE';
    const afterCalls = this.#afterCalls;
    const run = this.#begin();
    this.#daemon = undefined;
    if (afterCalls === 'stay-stopped') {
      this.#show('stopped', {});
      return;
    }
    if (afterCalls === 'start') {
      this.#crashes = noCrashes;
      void this.#bringUp();
      return;
    }
    const found = await findDaemon(this.#options.layout);
    if (found.type === 'found') found.client.close();
    if (run !== this.#run) return;
    const endedInOrder = found.type === 'none' && found.wasStopped;
    if (endedInOrder && !wasSilent) this.#show('stopped', {});
    else this.#onCrash(exit, readyForMs);
  }

  #onCrash(exit: DaemonExit, readyForMs: number): void {
    const { clock, random, onRepeatedCrash } = this.#options;
    const run = this.#begin();
    const decision = afterCrash(this.#crashes, { at: clock.now(), readyForMs, random: random() });
    this.#crashes = decision.history;
    if (decision.isRepeated) onRepeatedCrash();
    if (decision.type === 'give-up') {
      this.#show('failed', { problem: crashLoop(exit) });
      return;
    }
    const nextTryAt = (clock.now() + decision.delayMs) / 1000;
    this.#show('backing-off', { nextTryAt, problem: exited(exit, clock.now()) });
    clock.schedule(() => {
      if (run === this.#run) void this.#bringUp();
    }, decision.delayMs);
  }

  #show(state: SupervisorView['state'], facts: Partial<SupervisorView>): void {
    this.#view = { pid: null, origin: null, nextTryAt: null, problem: null, ...facts, state };
    this.#options.onChange(this.#view, this.#client);
  }
}
