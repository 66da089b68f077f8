import { describe, expect, it } from 'vitest';
import { editorConfig } from './editor-config.ts';

const paths = {
  start: { command: '/opt/node', args: ['/opt/exai/shim.js'], env: {} },
  tokenFile: '/home/ana/shared.token',
  stateDir: undefined,
};

describe('editorConfig', () => {
  it('MAIN-two-windows: is the entry of the set-up guide, without a token in plain text', () => {
    expect(editorConfig('servers', 1, paths)).toEqual({
      servers: {
        'EXAI-WS-VSCode1': {
          type: 'stdio',
          command: '/opt/node',
          args: ['/opt/exai/shim.js'],
          env: {
            EXAI_SESSION_ID: 'vscode-instance-1',
            EXAI_SERVER_NAME: 'EXAI-WS-VSCode1',
            MCP_SERVER_ID: 'exai-ws-vscode1',
            EXAI_LOG_PREFIX: 'vscode1',
            EXAI_WS_TOKEN_FILE: '/home/ana/shared.token',
          },
        },
      },
    });
  });

  it('MAIN-two-windows: two windows share nothing but program and token file', () => {
    const [one, two] = [1, 2].map((window) => JSON.stringify(editorConfig('mcpServers', window, paths)));
    expect(one).not.toBe(two);
    expect(two).toContain('"mcpServers"');
    expect(two).not.toMatch(/instance-1|VSCode1|vscode1/);
  });

  it('SHIM-S12: names a state directory of one’s own', () => {
    expect(JSON.stringify(editorConfig('servers', 1, { ...paths, stateDir: '/srv/exai' }))).toContain(
      '"EXAI_STATE_DIR":"/srv/exai"',
    );
  });
});
