import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RawClient, textOf } from './raw-client.ts';
import type { Scene } from './scene.ts';

export const rawServer = fileURLToPath(new URL('./raw-server.mjs', import.meta.url));

/** An entry of `mcp.json` for `raw-server.mjs`. */
export function rawEntry(
  name: string,
  { mode = '', ...more }: { mode?: string; [key: string]: unknown } = {},
): Record<string, unknown> {
  return { command: process.execPath, args: [rawServer, name, mode], ...more };
}

/** Writes the configuration of the daemon's servers. */
export function writeServers(scene: Scene, servers: Readonly<Record<string, unknown>>, root = 'mcpServers'): void {
  mkdirSync(scene.home.stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(scene.home.stateDir, 'mcp.json'), JSON.stringify({ [root]: servers }));
}

/** Names in `tools/list` as this window sees it. */
export async function toolNames(window: RawClient): Promise<readonly string[]> {
  const { result } = await window.request('tools/list');
  const tools = result?.['tools'];
  return Array.isArray(tools) ? tools.map(({ name }: { name: string }) => name) : [];
}

export async function textFrom(window: RawClient, tool: string, args: Record<string, unknown> = {}): Promise<string> {
  const answer = await window.callTool(tool, args);
  if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
  return textOf(answer);
}
