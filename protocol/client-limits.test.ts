import { expect, it } from 'vitest';
import { longestLineBytes } from './client-limits.ts';

const mib = 1024 * 1024;

it.each(['claude-code', 'copilot-cli', 'codex-mcp-client', 'gemini-cli-mcp-client-extra', 'opencode'])(
  'SHIM-S14: %s reads lines up to the frame limit',
  (name) => {
    expect(longestLineBytes(name, 32 * mib)).toBe(32 * mib);
  },
);

it.each(['unknown', '', 'my-claude-code', 'Visual Studio Code'])(
  'SHIM-S14: %j gets 9 MiB at most, and never more than a frame',
  (name) => {
    expect(longestLineBytes(name, 32 * mib)).toBe(9 * mib);
    expect(longestLineBytes(name, mib)).toBe(mib);
  },
);
