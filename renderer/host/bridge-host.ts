import {
  type HostInput,
  type HostOutput,
  type HostState,
  hostAnswerSchema,
  hostStateSchema,
  hostVerbs,
} from '../../protocol/host-bridge.ts';
import { type HostBridge, type HostVerb, hostBridgeKey } from '../../protocol/host-verbs.ts';
import type { Host, HostReply, TrayHost } from './host.ts';

declare global {
  interface Window {
    /** Only in the window of the tray app. */
    readonly [hostBridgeKey]?: HostBridge;
  }
}

/** The page runs in the window of the tray app, which owns the daemon. What comes over the bridge is checked here. */
export function createBridgeHost(bridge: HostBridge, page: Window): Host {
  const tray = createTrayHost(bridge);
  return {
    capabilities: { canOwnDaemon: true, canPickFolder: true, canReveal: true, isReadOnly: false },
    tray,

    async copyText(text, options) {
      const given = await Promise.resolve(text).catch(() => undefined);
      if (given === undefined) return { state: 'failed' };
      const reply = await tray.ask('copyText', { text: given, clearAfterMs: options?.clearAfterMs });
      return reply.ok && reply.value.isCopied
        ? { state: 'copied', isCleared: options !== undefined }
        : { state: 'failed' };
    },

    // The window itself stays; the app decides whether the browser of the user is sent there.
    openExternal: (url) => void page.open(url, '_blank', 'noopener'),

    download: (url, fileName) => {
      const link = page.document.createElement('a');
      link.href = url;
      link.download = fileName;
      link.click();
    },
  };
}

function createTrayHost(bridge: HostBridge): TrayHost {
  let current: HostState | undefined;
  const listeners = new Set<() => void>();
  const take = (state: unknown): void => {
    const parsed = hostStateSchema.safeParse(state);
    if (!parsed.success) return;
    current = parsed.data;
    for (const listener of listeners) listener();
  };
  bridge.onState(take);
  const tray: TrayHost = {
    state: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ask: (verb, input) => askBridge(bridge, verb, input),
  };
  void tray.ask('getState', {}).then((reply) => {
    if (reply.ok && current === undefined) take(reply.value);
  });
  return tray;
}

async function askBridge<Verb extends HostVerb>(
  bridge: HostBridge,
  verb: Verb,
  input: HostInput<Verb>,
): Promise<HostReply<Verb>> {
  const answer = hostAnswerSchema.safeParse(await bridge[verb](input).catch(() => undefined));
  if (!answer.success) return { ok: false, code: 'INTERNAL_ERROR', message: 'The app did not answer.' };
  if (!answer.data.ok) return answer.data;
  const value = hostVerbs[verb].output.safeParse(answer.data.value);
  if (!value.success) return { ok: false, code: 'UPGRADE_REQUIRED', message: 'Page and app do not match.' };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema of this very verb has just parsed it
  return { ok: true, value: value.data as HostOutput<Verb> };
}
