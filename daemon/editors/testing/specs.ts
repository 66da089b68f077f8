import { limits } from '../../../protocol/limits.ts';
import type { EntrySpec } from '../editor.ts';

/** An instance as the wizard makes them, the `number`th. */
export function sampleSpec(number = 3, changes: Partial<EntrySpec> = {}): EntrySpec {
  return {
    serverName: `EXAI-WS-VSCode${number}`,
    instanceId: `inst_7f3kq${number}`,
    sessionId: `vscode-instance-${number}`,
    serverId: `exai-ws-vscode${number}`,
    logPrefix: `vscode${number}`,
    tokenFile: `/home/ana/.local/state/exai-tray/credentials/inst_7f3kq${number}.token`,
    launcher: { command: '/home/ana/.local/share/exai-tray/bin/exai-shim', args: [], env: {} },
    endpoint: {
      http: `http://127.0.0.1:${limits.defaultPort}/mcp`,
      ws: `ws://127.0.0.1:${limits.defaultPort}/mcp`,
      local: 'unix:///run/user/1000/exai-tray/daemon.sock#/mcp',
    },
    callTimeoutMs: 180_000,
    ...changes,
  };
}
