import { limits } from './limits.ts';

/**
 * Clients whose own reader takes lines beyond 10 MiB (CLIENTS §7, tried); everybody else gets a size that the MCP SDK's
 * stdio reader survives. Matched on the beginning of `clientInfo.name`.
 */
const largeLineClients = [
  'claude-code',
  'copilot-cli',
  'codex-mcp-client',
  'gemini-cli-mcp-client',
  'opencode',
] as const;

/** Longest line in bytes that a client is sent: the daemon shapes its answers to it, the shim is the last net (CLIENTS S14). */
export function longestLineBytes(clientName: string, maxFrameBytes: number): number {
  const isLarge = largeLineClients.some((name) => clientName.startsWith(name));
  return isLarge ? maxFrameBytes : Math.min(limits.unknownClientLineBytes, maxFrameBytes);
}
