import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it } from 'vitest';
import { useScene } from './use-scene.ts';

interface Entry {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

describe('exai editor-config', () => {
  const scene = useScene();

  it('MAIN-two-windows: two clients started exactly as the two generated entries say are two windows with two logs', async () => {
    await scene.startDaemon();
    const clients = await Promise.all(
      [1, 2].map(async (window) => {
        const { stdout, code } = await scene.home.runCli(['editor-config', '--window', String(window)]);
        expect(code).toBe(0);
        const { servers } = JSON.parse(stdout) as { servers: Record<string, Entry> };
        const [entry] = Object.values(servers);
        if (entry === undefined) throw new Error('no entry');
        const client = new Client({ name: `editor-${window}`, version: '1.0.0' });
        await client.connect(new StdioClientTransport({ ...entry, stderr: 'ignore' }));
        scene.onEnd(() => client.close());
        return client;
      }),
    );
    await Promise.all(clients.map((client) => client.listTools()));
    expect(clients.map((client) => client.getServerVersion()?.name)).toEqual(['exai-ws-vscode1', 'exai-ws-vscode2']);
    const sessions = await scene.sessionsWhen('two windows', (found) => found.length === 2);
    expect(sessions.map(({ sessionId }) => sessionId).toSorted()).toEqual(['vscode-instance-1', 'vscode-instance-2']);
    await Promise.all([1, 2].map((window) => scene.logLine(`ws_shim_vscode${window}.log`, 'connected')));
  });

  it('MAIN-exit-codes: a window that is no number is refused with 65', async () => {
    const { code, stderr } = await scene.home.runCli(['editor-config', '--window', '0x']);
    expect(code).toBe(65);
    expect(stderr).toContain('--window');
  });
});
