import type { HostState } from '../../protocol/host-bridge.ts';
import type { AboutView, LauncherView, LoginItemState, UpdateView, VaultView } from '../../protocol/host-desktop.ts';
import type { DaemonFleet } from './daemon-fleet.ts';
import { connectedSessions } from './quit-policy.ts';
import type { AppSettings } from './settings.ts';
import type { TrayFacts } from './tray-model.ts';

/** Everything that tray and window are drawn from. */
export interface AppFacts {
  readonly fleet: Pick<DaemonFleet, 'current' | 'all' | 'views'>;
  readonly settings: AppSettings;
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly hasTrayHost: boolean;
  readonly loginItem: LoginItemState;
  readonly update: UpdateView;
  readonly launcher: LauncherView;
  readonly vault: VaultView;
  readonly about: AboutView;
}

/** The part that the tray's model is made of. */
export function trayFactsOf({ fleet, settings, loginItem, update }: AppFacts): Omit<TrayFacts, 'now' | 'workedAt'> {
  const isConnected = fleet.all.some(({ snapshot }) => connectedSessions(snapshot).length > 0);
  return {
    supervisor: fleet.current.view,
    snapshot: fleet.current.snapshot,
    loginItem,
    update,
    profiles: fleet.views(),
    asksAtQuit: isConnected && settings.preferences.quitChoice === 'ask',
  };
}

/** What the page is told. */
export function hostStateOf(facts: AppFacts): Omit<HostState, 'menu'> {
  const { fleet, settings, version, platform, hasTrayHost, loginItem, update, launcher, vault, about } = facts;
  return {
    version,
    platform,
    supervisor: fleet.current.view,
    profiles: fleet.views(),
    hasTrayHost,
    loginItem,
    update,
    launcher,
    vault,
    about,
    preferences: settings.preferences,
    notices: hasTrayHost || settings.seenNotices.includes('no-tray') ? [] : ['no-tray'],
  };
}
