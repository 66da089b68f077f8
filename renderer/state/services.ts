import { createContext, useContext, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { CallView, SessionView } from '../../protocol/snapshot.ts';
import type { AdminClient } from '../api/admin-client.ts';
import type { Host } from '../host/host.ts';
import type { Words } from '../strings/words.ts';
import type { ServerClock } from './clock.ts';
import type { LiveState, LiveStore } from './live-store.ts';
import type { Model } from './model.ts';
import type { NoticesStore } from './notices.ts';
import type { Preferences, PreferencesStore } from './preferences.ts';
import type { RotationStore } from './rotation-request.ts';
import type { Address, Router } from './router.ts';

/** Everything a component may reach, made once in `main.tsx`. */
export interface Services {
  readonly client: AdminClient;
  readonly host: Host;
  readonly router: Router;
  readonly clock: ServerClock;
  readonly words: Words;
  readonly live: LiveStore;
  readonly preferences: PreferencesStore;
  readonly notices: NoticesStore;
  readonly rotation: RotationStore;
  /** Tries to reach the daemon now. */
  readonly retryFeed: () => void;
  /** Forgets the sign-in of this browser. */
  readonly signOut: () => Promise<void>;
  /** Whether this browser has ever been let in, and whether its last ticket was refused. */
  readonly signInState: () => 'never' | 'refused' | 'expired';
}

export const ServicesContext = createContext<Services | undefined>(undefined);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === undefined) throw new Error('No services above this component');
  return services;
}

export function useWords(): Words {
  return useServices().words;
}

export function useHost(): Host {
  return useServices().host;
}

export function useClient(): AdminClient {
  return useServices().client;
}

export function useRouter(): Router {
  return useServices().router;
}

/** The address now; renders when it changes. */
export function useAddress(): Address {
  const { router } = useServices();
  return useSyncExternalStore(router.subscribe, router.current);
}

/** A part of the live state. The selector must return the same object while nothing has changed. */
export function useLive<Value>(selector: (state: LiveState) => Value): Value {
  return useStore(useServices().live, selector);
}

/** A part of what the daemon says; undefined before the first snapshot. */
export function useModel<Value>(selector: (model: Model) => Value): Value | undefined {
  return useLive(({ model }) => (model === undefined ? undefined : selector(model)));
}

/** A session, also when it has just gone. Only a change of this session renders. */
export function useSession(key: string): SessionView | undefined {
  return useModel(({ sessions, goneSessions }) => sessions.get(key) ?? goneSessions.get(key));
}

/** A call, also when it has just ended. */
export function useCall(callId: string): CallView | undefined {
  return useModel(({ calls, goneCalls }) => calls.get(callId) ?? goneCalls.get(callId));
}

export function usePreferences<Value>(selector: (preferences: Preferences) => Value): Value {
  return useStore(useServices().preferences, selector);
}

/** What is shown is the last picture: looking and copying work, actions do not. */
export function useIsStale(): boolean {
  return useLive(({ connection }) => connection.state !== 'live');
}

/** Actions that change something are possible now. */
export function useCanAct(): boolean {
  const isStale = useIsStale();
  return !useHost().capabilities.isReadOnly && !isStale;
}

/** Words that depend on the daemon's time; renders only when they change. */
export function useTicking<Value extends string | number | boolean>(say: (nowSeconds: number) => Value): Value {
  const { clock } = useServices();
  return useSyncExternalStore(clock.subscribe, () => say(clock.now()));
}
