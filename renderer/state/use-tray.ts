import { useSyncExternalStore } from 'react';
import type { HostState } from '../../protocol/host-bridge.ts';
import type { TrayHost } from '../host/host.ts';
import { useHost } from './services.ts';

const nothing = { subscribe: () => () => undefined, state: () => undefined };

/** The tray app around this page and what it last told; both undefined in a browser. */
export function useTray(): { readonly tray: TrayHost | undefined; readonly state: HostState | undefined } {
  const { tray } = useHost();
  const { subscribe, state } = tray ?? nothing;
  return { tray, state: useSyncExternalStore(subscribe, state) };
}
