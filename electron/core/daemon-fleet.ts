import { stateLayout } from '../../platform/state-dir.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { ProfileView } from '../../protocol/host-bridge.ts';
import type { DaemonProfiles } from './daemon-profiles.ts';
import { portProblem } from './port-problem.ts';
import type { ProfileSettings } from './settings.ts';
import { WatchedDaemon, type WatchedDaemonOptions } from './watched-daemon.ts';

export type FleetOptions = Pick<WatchedDaemonOptions, 'starter' | 'clock' | 'random' | 'version' | 'onChange'> & {
  readonly profiles: DaemonProfiles;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onRepeatedCrash: (profile: ProfileSettings) => void;
};

/** Every daemon of this app, one per profile. A profile is wanted or not; wanted ones run from the start of the app on. */
export class DaemonFleet {
  readonly #options: FleetOptions;
  readonly #daemons = new Map<string, WatchedDaemon>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** The one that tray and window show. */
  get current(): WatchedDaemon {
    return this.#daemonOf(this.#options.profiles.current);
  }

  get all(): readonly WatchedDaemon[] {
    return [...this.#daemons.values()];
  }

  views(): ProfileView[] {
    const { profiles } = this.#options;
    const { profileId: shown } = profiles.current;
    return profiles.all.map((profile) => ({
      profileId: profile.profileId,
      name: profile.name,
      port: profile.port,
      stateDir: profiles.stateDirOf(profile),
      state: this.#daemonOf(profile).view.state,
      isCurrent: profile.profileId === shown,
    }));
  }

  startWanted(): void {
    for (const profile of this.#options.profiles.all) if (profile.isWanted) this.#daemonOf(profile).start();
  }

  /** Starts it, now and at each start of the app. */
  start(profileId: string): void {
    this.#options.profiles.change(profileId, { isWanted: true });
    this.#daemonOf(this.#known(profileId)).start();
  }

  /** Stops it until a person starts it again. Resolves when it has gone. */
  async stop(profileId: string): Promise<void> {
    this.#options.profiles.change(profileId, { isWanted: false });
    await this.#daemonOf(this.#known(profileId)).stop();
  }

  /** The same once its calls have finished; resolves when the daemon has been told. */
  async stopAfterCalls(profileId: string): Promise<void> {
    await this.#daemonOf(this.#known(profileId)).endAfterCalls('stay-stopped');
    this.#options.profiles.change(profileId, { isWanted: false });
  }

  /** The machine was away: nothing that was read before is trusted. */
  reread(): void {
    for (const daemon of this.all) daemon.reread();
  }

  /** After PORT_IN_USE: takes the port that was offered, and keeps it. */
  useOfferedPort(): void {
    const { profiles } = this.#options;
    const { problem } = this.current.view;
    const next = problem?.code === 'PORT_IN_USE' ? Number(problem.params['next']) : 0;
    if (next === 0) throw new FailureError({ code: 'INVALID_REQUEST', message: 'No other port was offered.' });
    profiles.change(profiles.current.profileId, { port: next });
    this.current.start();
  }

  /** At a quit. `stop`: resolves when all have gone, `how` says by when; `keep`: they live on. */
  async leave(what: 'keep' | 'stop', ...how: Parameters<WatchedDaemon['stop']>): Promise<void> {
    if (what === 'keep') for (const daemon of this.all) daemon.release();
    else await Promise.all(this.all.map((daemon) => daemon.stop(...how)));
  }

  #known(profileId: string): ProfileSettings {
    const found = this.#options.profiles.find(profileId);
    if (found === undefined) throw new FailureError({ code: 'NOT_FOUND', message: 'There is no such daemon.' });
    return found;
  }

  #daemonOf(profile: ProfileSettings): WatchedDaemon {
    const known = this.#daemons.get(profile.profileId);
    if (known !== undefined) return known;
    const { profiles, env, onRepeatedCrash, ...options } = this.#options;
    const stateDir = profiles.stateDirOf(profile);
    const now = (): ProfileSettings => profiles.find(profile.profileId) ?? profile;
    const daemon = new WatchedDaemon({
      ...options,
      layout: stateLayout(stateDir),
      launch: () => ({ stateDir, port: now().port }),
      portProblem: (launch) => portProblem(launch, env),
      onRepeatedCrash: () => onRepeatedCrash(now()),
    });
    this.#daemons.set(profile.profileId, daemon);
    return daemon;
  }
}
