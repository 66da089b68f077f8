/** How a client's file names its servers: VS Code `servers`, most others `mcpServers`. */
export type ConfigRoot = 'servers' | 'mcpServers';

export interface ConfigPaths {
  /** Node.js 24 or newer. */
  readonly node: string;
  readonly shim: string;
  readonly tokenFile: string;
  /** `node` is Electron's program, which runs a script only when told to. */
  readonly runAsNode?: boolean;
  /** State directory, when it is not the default one: an editor may not pass the variable on. */
  readonly stateDir: string | undefined;
}

/**
 * The entry of one editor window, in the names of the set-up guide: session `vscode-instance-1`, server
 * `exai-ws-vscode1`. It names the token's file and never the token.
 */
export function editorConfig(root: ConfigRoot, window: number, paths: ConfigPaths): Record<string, unknown> {
  const env = {
    EXAI_SESSION_ID: `vscode-instance-${window}`,
    EXAI_SERVER_NAME: `EXAI-WS-VSCode${window}`,
    MCP_SERVER_ID: `exai-ws-vscode${window}`,
    EXAI_LOG_PREFIX: `vscode${window}`,
    EXAI_WS_TOKEN_FILE: paths.tokenFile,
    ...(paths.runAsNode === true ? { ELECTRON_RUN_AS_NODE: '1' } : {}),
    ...(paths.stateDir === undefined ? {} : { EXAI_STATE_DIR: paths.stateDir }),
  };
  return { [root]: { [`EXAI-WS-VSCode${window}`]: { type: 'stdio', command: paths.node, args: [paths.shim], env } } };
}
