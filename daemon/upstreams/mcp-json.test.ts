import { describe, expect, it } from 'vitest';
import type { RefSources } from './config-references.ts';
import { readMcpJson } from './mcp-json.ts';

const refs: RefSources = {
  env: { HOST: 'example.com', GITHUB_TOKEN: 'ghp_0123456789' },
  home: '/home/ana',
  readSecret: (name) => (name === 'gh' ? { value: 's3cret-value' } : { message: `There is no secret ${name}.` }),
};

function read(entry: unknown): ReturnType<typeof readMcpJson> {
  return readMcpJson(JSON.stringify({ mcpServers: { one: entry } }), refs);
}

describe('readMcpJson', () => {
  it('UP-config-forms: both shapes, keys of other programs, and references', () => {
    const { upstreams, problems, secrets } = readMcpJson(
      JSON.stringify({
        inputs: [],
        mcpServers: { a: { command: 'x', args: ['${userHome}/f', '${PORT:-80}'], alwaysAllow: ['y'] } },
        servers: {
          b: { type: 'http', url: 'https://${env:HOST}/mcp', headers: { Authorization: 'Bearer ${secret:gh}' } },
          c: { type: 'sse', url: 'http://localhost/sse', exai: { mode: 'per-session', idleSecs: 60 } },
        },
      }),
      refs,
    );
    expect(problems).toEqual([]);
    expect(upstreams).toMatchObject([
      { id: 'a', kind: 'stdio', command: 'x', args: ['/home/ana/f', '80'], mode: 'shared', isDisabled: false },
      {
        id: 'b',
        kind: 'http',
        transport: 'streamable',
        url: 'https://example.com/mcp',
        headers: { Authorization: 'Bearer s3cret-value' },
      },
      { id: 'c', kind: 'http', transport: 'sse', mode: 'per-session', idleMs: 60_000 },
    ]);
    expect(secrets).toContain('s3cret-value');
  });

  it.each([
    [{}, 'mcpServers.one', 'needs a command'],
    [{ command: 'x', args: [5] }, 'mcpServers.one.args.0', 'string'],
    [{ command: 'x', args: ['${secret:gh}'] }, 'mcpServers.one.args[0]', 'env and headers only'],
    [{ command: 'x', args: ['--t=${env:GITHUB_TOKEN}'] }, 'mcpServers.one.args[0]', 'env and headers only'],
    [{ url: 'http://h/?k=${secret:gh}' }, 'mcpServers.one.url', 'env and headers only'],
    [{ command: 'x', env: { A: '${input:key}' } }, 'mcpServers.one.env.A', 'would have to be asked for'],
    [{ command: 'x', env: { A: '${env:NOT_SET}' } }, 'mcpServers.one.env.A', 'NOT_SET is not set'],
    [{ command: 'x', env: { A: '${secret:none}' } }, 'mcpServers.one.env.A', 'no secret none'],
    [{ url: 'ftp://x' }, 'mcpServers.one', 'http://'],
    [{ command: 'x', exai: { mod: 'shared' } }, 'mcpServers.one.exai', 'mod'],
  ])('UP-config-wrong UP-config-secrets: %j is refused with its place', (entry, place, message) => {
    const { upstreams, problems } = read(entry);
    expect(upstreams).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ upstreamId: 'one', place });
    expect(problems[0]?.message).toContain(message);
  });

  it('UP-config-wrong: a file that is no JSON has one problem and no server', () => {
    expect(readMcpJson('{', refs)).toMatchObject({
      upstreams: [],
      problems: [{ upstreamId: null, place: 'mcp.json' }],
    });
  });
});
