import { describe, expect, it } from 'vitest';
import { configFingerprint } from '../platform/config-fingerprint.ts';
import { helloSchema } from '../protocol/hello.ts';
import { buildHello } from './hello-frame.ts';
import { editorOfClient, editorOfEnvironment, type IdentityEvidence, shimIdentity } from './identity.ts';

const shimId = '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11';

function identify(more: Partial<IdentityEvidence> = {}) {
  return shimIdentity({
    settings: { sessionId: undefined, instanceId: undefined, serverId: 'ex-ws-shim', serverName: undefined },
    env: {},
    shimId,
    pid: 51,
    ppid: 48,
    cwd: '/home/ana/shop',
    ...more,
  });
}

describe('who a window is', () => {
  it('WIRE-F5 MAIN-server-name: configured names, process and folder', () => {
    const env = {
      EXAI_INSTANCE_ID: 'inst_01',
      EXAI_SESSION_ID: 'vscode-instance-1',
      HOME: '/home/ana',
      MCP_SERVER_ID: 'exai-1',
    };
    const settings = {
      sessionId: 'vscode-instance-1',
      instanceId: 'inst_01',
      serverId: 'exai-1',
      serverName: 'EXAI-1',
    };
    expect(identify({ env, settings })).toEqual({
      shimId,
      sessionId: 'vscode-instance-1',
      instance: { id: 'inst_01', serverId: 'exai-1', serverName: 'EXAI-1', configFingerprint: configFingerprint(env) },
      client: {
        name: 'exai-shim',
        version: expect.any(String),
        pid: 51,
        ppid: 48,
        cwd: '/home/ana/shop',
        workspace: '/home/ana/shop',
        editor: 'other',
      },
    });
  });

  it.each([
    ['/home/ana', { HOME: '/home/ana' }],
    ['C:\\Users\\ana', { USERPROFILE: 'C:\\Users\\ana' }],
    ['/', {}],
    ['C:\\', {}],
  ])('WIRE-F5: a window without a folder starts in %s, which is no workspace', (cwd, env) => {
    const { client } = identify({ cwd, env });
    expect(client.cwd).toBe(cwd);
    expect(client.workspace).toBeUndefined();
  });

  it('WIRE-F5: a folder that is gone is no fault', () => {
    expect(identify({ cwd: undefined }).client).not.toHaveProperty('cwd');
  });

  it('SHIM-S11: the editor is told by its variables; a terminal inside VS Code does not hide the command line', () => {
    expect(editorOfEnvironment({ VSCODE_PID: '1' })).toBe('vscode');
    expect(editorOfEnvironment({ VSCODE_PID: '1', CLAUDE_CODE_SESSION_ID: 'x' })).toBe('claude');
    expect(editorOfEnvironment({ QWEN_CODE_SESSION_ID: 'x' })).toBe('qwen');
    expect(editorOfEnvironment({ COPILOT_AGENT_SESSION_ID: 'x' })).toBe('copilot');
    expect(editorOfEnvironment({ HOME: '/' })).toBe('other');
  });

  it.each([
    ['Visual Studio Code - Insiders', 'vscode'],
    ['claude-code', 'claude'],
    ['claude-ai', 'claude-desktop'],
    ['qwen-cli-mcp-client-exai', 'qwen'],
    ['gemini-cli-mcp-client', 'gemini'],
    ['augment-mcp-client', 'auggie'],
    ['Zed', 'zed'],
    ['something else', undefined],
  ])('SHIM-S14: the client %s is %s', (name, editor) => {
    expect(editorOfClient(name)).toBe(editor);
  });

  it('WIRE-F5: names of any length make a hello that the daemon reads', () => {
    const long = 'ü'.repeat(10_000);
    const settings = { sessionId: long, instanceId: long, serverId: long, serverName: long };
    const identity = identify({ settings, cwd: `/${long}` });
    const hello = buildHello(
      identity,
      { token: 't', jwt: undefined, problem: undefined, source: 'env' },
      undefined,
      '',
    );
    expect(helloSchema.safeParse(JSON.parse(hello.text)).success).toBe(true);
  });
});
