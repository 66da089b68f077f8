import { join } from 'node:path';
import { type Environment, resolveStateDir } from '../../platform/state-dir.ts';
import type { AppSettings, ProfileSettings, Settings } from './settings.ts';

/** The daemons that this app owns: added, named and chosen here; started elsewhere. */
export class DaemonProfiles {
  readonly #settings: Settings;
  readonly #env: Environment;

  constructor(settings: Settings, env: Environment) {
    this.#settings = settings;
    this.#env = env;
  }

  get all(): readonly ProfileSettings[] {
    return this.#settings.now.profiles;
  }

  /** The one that tray and window show. */
  get current(): ProfileSettings {
    const { profiles, currentProfileId } = this.#settings.now;
    const found = profiles.find(({ profileId }) => profileId === currentProfileId) ?? profiles[0];
    if (found === undefined) throw new Error('there is always a profile');
    return found;
  }

  find(profileId: string): ProfileSettings | undefined {
    return this.all.find((profile) => profile.profileId === profileId);
  }

  stateDirOf({ stateDir }: ProfileSettings): string {
    return stateDir ?? resolveStateDir(this.#env);
  }

  /** A further daemon, in a state directory of its own beside the usual one: own port, own token, own logs. */
  add(name: string, port: number | null): ProfileSettings {
    const profileId = freeId(name, this.all);
    const stateDir = join(resolveStateDir(this.#env), 'profiles', profileId);
    const profile: ProfileSettings = { profileId, name, stateDir, port, isWanted: true };
    this.#settings.change({ profiles: [...this.all, profile] });
    return profile;
  }

  change(profileId: string, part: Partial<Pick<ProfileSettings, 'name' | 'port' | 'isWanted'>>): void {
    const profiles = this.all.map((profile) => (profile.profileId === profileId ? { ...profile, ...part } : profile));
    this.#settings.change({ profiles });
  }

  /** False when there is no such profile. */
  switchTo(profileId: string): boolean {
    if (this.find(profileId) === undefined) return false;
    const chosen: Partial<AppSettings> = { currentProfileId: profileId };
    this.#settings.change(chosen);
    return true;
  }
}

/** From the name, as part of a path on every system. */
function freeId(name: string, taken: readonly ProfileSettings[]): string {
  const base =
    name
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 24) || 'daemon';
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? base : `${base}-${number}`;
    if (!taken.some(({ profileId }) => profileId === candidate)) return candidate;
  }
}
