import type { EditorStart } from './launcher-path.ts';

/** How a client's file names its servers: VS Code `servers`, most others `mcpServers`. */
export type ConfigRoot = 'servers' | 'mcpServers';

export interface ConfigPaths {
  readonly start: EditorStart;
  readonly tokenFile: string;
  /** State directory, when it is not the default one: an editor may not pass the variable on. */
  readonly stateDir: string | undefined;
}

/**
 * The entry of one editor window, in the names of the set-up guide: session `vscode-instance-1`, server
 * `exai-ws-vscode1`. It names the token's file and never the token.
 */
export function editorConfig(root: ConfigRoot, window: number, paths: ConfigPaths): Record<string, unknown> {
  const { start } = paths;
  const env = {
    EXAI_SESSION_ID: `vscode-instance-${window}`,
    EXAI_SERVER_NAME: `EXAI-WS-VSCode${window}`,
    MCP_SERVER_ID: `exai-ws-vscode${window}`,
    EXAI_LOG_PREFIX: `vscode${window}`,
    EXAI_WS_TOKEN_FILE: paths.tokenFile,
    ...start.env,
    ...(paths.stateDir === undefined ? {} : { EXAI_STATE_DIR: paths.stateDir }),
  };
  return {
    [root]: { [`EXAI-WS-VSCode${window}`]: { type: 'stdio', command: start.command, args: [...start.args], env } },
  };
}
