/**
 * What the page in the tray app's window may ask of the app, by name. Apart from the table with its schemas, because the
 * preload needs the names only. At most ten (docs/architecture.md).
 */
export const hostVerbNames = [
  'getState',
  'command',
  'copyText',
  'pickFolder',
  'reveal',
  'openDashboard',
  'setPreference',
  'dismissNotice',
] as const;

export type HostVerb = (typeof hostVerbNames)[number];

/** IPC channel of one verb. */
export function hostChannel(verb: HostVerb): string {
  return `exai:${verb}`;
}

/** IPC channel on which the app pushes its whole state after each change. */
export const hostStateChannel = 'exai:state';

/** Key of the bridge on `window`, in the tray app only. */
export const hostBridgeKey = 'exaiHost';

/** Where the tray app serves the page from. */
export const appOrigin = 'app://exai';

/** What the preload exposes. Nothing is checked in it: the page checks what comes back, the app what it is given. */
export type HostBridge = Readonly<Record<HostVerb, (input: unknown) => Promise<unknown>>> & {
  /** Returns the function that ends the subscription. */
  readonly onState: (listener: (state: unknown) => void) => () => void;
};
