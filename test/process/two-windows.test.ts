import { rmSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it } from 'vitest';
import { programs } from '../support/daemon-process.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import { textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

/** The two configurations of the runbook. */
const firstWindow = {
  EXAI_SESSION_ID: 'vscode-instance-1',
  MCP_SERVER_ID: 'exai-ws-vscode1',
  EXAI_SERVER_NAME: 'EXAI-WS-VSCode1',
};
const secondWindow = {
  EXAI_SESSION_ID: 'vscode-instance-2',
  MCP_SERVER_ID: 'exai-ws-vscode2',
  EXAI_SERVER_NAME: 'EXAI-WS-VSCode2',
};

describe('two windows of the MCP SDK', () => {
  /** An editor with the official client. */
  async function openEditor(name: string, env: Readonly<Record<string, string>>) {
    const client = new Client({ name, version: '1.0.0' });
    const problems: Error[] = [];
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is no EventTarget
    client.onerror = (error) => problems.push(error); // a line that is no JSON-RPC message ends here (PF-H1)
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [programs.shim],
      env: { ...scene.home.env, EXAI_WS_AUTOSTART: 'false', ...env },
      stderr: 'pipe',
    });
    scene.onEnd(() => client.close());
    await withDeadline(`the connection of ${name}`, client.connect(transport));
    const { tools } = await client.listTools();
    return { client, problems, tools: tools.map((tool) => tool.name) };
  }

  async function call(client: Client, name: string, args: Record<string, unknown> = {}, signal?: AbortSignal) {
    const result = await client.callTool({ name, arguments: args }, undefined, {
      timeout: 20_000,
      ...(signal === undefined ? {} : { signal }),
    });
    const [block] = result.content as { text: string }[];
    return block?.text;
  }

  it('MAIN-two-windows MAIN-server-name MAIN-concurrent PF-S1: both call at once, each as itself, nobody waits', async () => {
    await scene.startDaemon();
    const [first, second] = await Promise.all([
      openEditor('Visual Studio Code', firstWindow),
      openEditor('claude-code', secondWindow),
    ]);
    expect(first.tools).toEqual(expect.arrayContaining(['version', 'status', 'echo']));
    expect(second.tools).toEqual(first.tools);
    expect(first.client.getServerVersion()?.name).toBe('exai-ws-vscode1');
    expect(second.client.getServerVersion()?.name).toBe('exai-ws-vscode2');

    const abort = { first: new AbortController(), second: new AbortController() };
    const slow = [
      call(first.client, 'sleep', { ms: 60_000 }, abort.first.signal),
      call(second.client, 'sleep', { ms: 60_000 }, abort.second.signal),
    ];
    const ended = Promise.allSettled(slow);
    await scene.sessionsWhen('a call in each window', (sessions) =>
      ['vscode-instance-1', 'vscode-instance-2'].every((name) =>
        sessions.some(({ sessionId, inflight }) => sessionId === name && inflight === 1),
      ),
    );
    const texts = Array.from({ length: 20 }, (_, index) => `call ${index}`);
    const quick = (client: Client) => Promise.all(texts.slice(0, 6).map((text) => call(client, 'echo', { text })));
    expect(await Promise.all([quick(first.client), quick(second.client)])).toEqual([
      texts.slice(0, 6),
      texts.slice(0, 6),
    ]);
    for (const text of texts) expect(await call(second.client, 'echo', { text })).toBe(text);
    expect(await Promise.all([call(first.client, 'whoami'), call(second.client, 'whoami')])).toEqual([
      'vscode-instance-1',
      'vscode-instance-2',
    ]);
    const sessions = await scene.sessions();
    expect(Object.fromEntries(sessions.map(({ sessionId, ...session }) => [sessionId, session]))).toEqual({
      'vscode-instance-1': expect.objectContaining({ clientName: 'Visual Studio Code', inflight: 1, callsTotal: 8 }),
      'vscode-instance-2': expect.objectContaining({ clientName: 'claude-code', inflight: 1, callsTotal: 28 }),
    });
    abort.first.abort();
    abort.second.abort();
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([...first.problems, ...second.problems]).toEqual([]);
    await metricsName(['vscode-instance-1', 'vscode-instance-2']);
  });

  it('MAIN-two-windows PF-L1: each has its own log, without a word about the other', async () => {
    await scene.startDaemon();
    const [first, second] = await Promise.all([
      openEditor('editor-one', firstWindow),
      openEditor('editor-two', secondWindow),
    ]);
    await Promise.all([call(first.client, 'echo', { text: 'a' }), call(second.client, 'echo', { text: 'b' })]);
    const sessions = await scene.sessions();
    await scene.logLine('ws_shim_vscode1.log', 'connected');
    await scene.logLine('ws_shim_vscode2.log', 'connected');
    expect(scene.shimLogs()).toEqual(['ws_shim_vscode1.log', 'ws_shim_vscode2.log']);
    for (const { sessionId, shimId, pid } of sessions) {
      const own = sessionId === 'vscode-instance-1' ? 'ws_shim_vscode1.log' : 'ws_shim_vscode2.log';
      const foreign = own === 'ws_shim_vscode1.log' ? 'ws_shim_vscode2.log' : 'ws_shim_vscode1.log';
      for (const mark of [sessionId, shimId ?? '']) {
        expect(scene.home.readLog(own)).toContain(mark);
        expect(scene.home.readLog(foreign)).not.toContain(mark);
      }
      expect(scene.logLines(own)[0]).toMatchObject({ msg: 'shim started', sessionId, shimId, pid });
    }
  });

  /** Every session named is in the metrics log, and nobody else. */
  async function metricsName(names: readonly string[]): Promise<void> {
    const found = await eventually('both windows in the metrics log', () => {
      const sessions = new Set(scene.logLines('ws_daemon.metrics.jsonl').map(({ sess }) => sess as string));
      return sessions.size >= names.length ? sessions : undefined;
    });
    expect([...found].toSorted()).toEqual(names);
  }
});

describe('two windows with the same environment', () => {
  it('MAIN-same-env WIRE-F5 PF-L1: two sessions, numbered, two log files, no foreign id in either', async () => {
    await scene.startDaemon();
    const [first, second] = [scene.startShim(firstWindow), scene.startShim(firstWindow)];
    await Promise.all([first.initialize('one'), second.initialize('two')]);
    // Until now both were probes, and the ack promised both the same name (CLIENTS S18).
    await first.request('tools/list');
    await scene.logLine('ws_shim_vscode1.log', 'connected');
    await second.request('tools/list');
    const names = await Promise.all([first, second].map(async (window) => textOf(await window.callTool('whoami'))));
    expect(names).toEqual(['vscode-instance-1', 'vscode-instance-1#2']);
    expect((await scene.sessions()).map(({ sessionId }) => sessionId).toSorted()).toEqual(names);

    const renamed = await scene.logLine('ws_shim_vscode1-2.log', 'session renamed');
    expect(renamed).toMatchObject({ sessionId: 'vscode-instance-1#2' });
    expect(scene.shimLogs()).toEqual(['ws_shim_vscode1-2.log', 'ws_shim_vscode1.log']);
    await Promise.all([first.stop(), second.stop()]);
    const [firstLog, secondLog] = [scene.logLines('ws_shim_vscode1.log'), scene.logLines('ws_shim_vscode1-2.log')];
    expect(new Set(firstLog.map(({ sessionId }) => sessionId))).toEqual(new Set(['vscode-instance-1']));
    const sinceRenamed = secondLog.slice(secondLog.findIndex(({ msg }) => msg === 'session renamed'));
    expect(sinceRenamed.map(({ sessionId }) => sessionId)).toEqual(sinceRenamed.map(() => 'vscode-instance-1#2'));
    expect(sinceRenamed.at(-1)).toMatchObject({ msg: 'shim stopped' });
    const shimIds = [firstLog, secondLog].map((lines) => new Set(lines.map(({ shimId }) => shimId)));
    expect(shimIds.map(({ size }) => size)).toEqual([1, 1]);
    expect(shimIds[0]).not.toEqual(shimIds[1]);
  });

  it('MAIN-same-env WIRE-F5: a window that comes later is told its number at once, and has one after a restart', async () => {
    const daemon = await scene.startDaemon();
    const first = await scene.openWindow(firstWindow);
    const second = await scene.openWindow(firstWindow);
    expect(await scene.logLine('ws_shim_vscode1-2.log', 'connected')).toMatchObject({
      sessionId: 'vscode-instance-1#2',
      warnings: expect.arrayContaining(['SESSION_RENAMED']),
    });
    await daemon.kill();
    await scene.startDaemon();
    const names = [textOf(await first.callTool('whoami')), textOf(await second.callTool('whoami'))];
    expect(names.toSorted()).toEqual(['vscode-instance-1', 'vscode-instance-1#2']);
    expect((await scene.logLine('ws_shim_vscode1.log', 'connected', 2))['sessionId']).toBe(names[0]);
    expect((await scene.logLine('ws_shim_vscode1-2.log', 'connected', 2))['sessionId']).toBe(names[1]);
  });
});

describe('ways to the daemon', () => {
  it('MAIN-local-first: the local socket comes first', async () => {
    const daemon = await scene.startDaemon();
    await scene.openWindow({ EXAI_LOG_PREFIX: 'w' });
    expect(await scene.logLine('ws_shim_w.log', 'connected')).toMatchObject({ endpoint: daemon.localSocket });
    expect(await scene.logLine('ws_daemon.log', 'session opened')).toMatchObject({ framing: 'link' });
  });

  it.each([
    ['a daemon without one', { EXAI_WS_LISTEN: 'tcp' }, false],
    ['one whose socket file is gone', {}, true],
  ])('MAIN-local-first: TCP comes second: %s', async (_what, env, isRemoved) => {
    const daemon = await scene.startDaemon(env);
    if (isRemoved) rmSync(daemon.localSocket);
    const window = await scene.openWindow({ EXAI_LOG_PREFIX: 'w' });
    expect(textOf(await window.callTool('echo', { text: 'over TCP' }))).toBe('over TCP');
    expect(await scene.logLine('ws_shim_w.log', 'connected')).toMatchObject({ endpoint: `127.0.0.1:${daemon.port}` });
    expect(await scene.logLine('ws_daemon.log', 'session opened')).toMatchObject({ framing: 'websocket' });
  });

  it('MAIN-builtin-tools: the six tools of the daemon that ships answer through the shim that ships', async () => {
    const daemon = await scene.home.startDaemon();
    const window = await scene.openWindow({ EXAI_SESSION_ID: 'window' });
    const { result } = await window.request('tools/list');
    const tools = result?.['tools'] as { name: string; inputSchema: unknown }[];
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'activity',
      'health',
      'listmodels',
      'provider_capabilities',
      'status',
      'version',
    ]);
    const { daemonRunId } = scene.home.readDiscovery();
    expect(textOf(await window.callTool('version'))).toContain(daemonRunId);
    expect(textOf(await window.callTool('listmodels'))).toMatch(/no (?:model )?provider|no models?/i);
    const status = await window.callTool('status', { include_tools: true, doctor: true });
    expect(status.result?.['structuredContent']).toMatchObject({
      session_id: 'window',
      daemon_run_id: daemonRunId,
      sessions: [{ session_id: 'window', transport: 'shim' }],
      tools: expect.arrayContaining(['activity']),
    });
    const health = await window.callTool('health', { tail_lines: 5 });
    expect(health.result?.['structuredContent']).toMatchObject({ health: { pid: daemon.pid, port: daemon.port } });
    expect(textOf(await window.callTool('activity', { lines: 10 }))).toContain('listmodels');
    const capabilities = await window.callTool('provider_capabilities', {});
    expect(capabilities.result?.['structuredContent']).toMatchObject({ providers: expect.any(Array) });
    expect((await window.callTool('chat', {})).error).toMatchObject({ code: -32_602 });
  });
});

describe('one window', () => {
  it('PF-P5 MAIN-concurrent: eight calls at once through one shim, every answer to its own question', async () => {
    await scene.startDaemon();
    const window = await scene.openWindow();
    const order: number[] = [];
    const calls = Array.from({ length: 8 }, async (_, index) => {
      const answer = await window.callTool('echo', { text: `text ${index}`, ms: 200 - index * 25 });
      order.push(index);
      return textOf(answer);
    });
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 8 }, (_, index) => `text ${index}`));
    expect(order).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it('PF-P7: the heartbeat of a call does not end it', async () => {
    await scene.startDaemon({ EXAI_WS_PROGRESS_INTERVAL_SECS: '1' });
    const window = await scene.openWindow();
    const answer = await window.callTool('sleep', { ms: 3_200 }, { meta: { progressToken: 'p' } });
    expect(textOf(answer)).toBe('slept 3200 ms');
    const beats = window.notifications.filter(({ method }) => method === 'notifications/progress');
    expect(beats.length).toBeGreaterThanOrEqual(2);
    const values = beats.map(({ params }) => params?.['progress'] as number);
    expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
  });

  it('PF-L5: a window that vanishes in a call makes one line, and its answer waits', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_PROGRESS_INTERVAL_SECS: '1' });
    const { proxy, env } = await scene.openTcpProxy(() => daemon.port);
    const window = await scene.openWindow({ ...env, EXAI_SESSION_ID: 'lost' });
    const before = scene.logLines('ws_daemon.log').length;
    const answer = window.callTool('sleep', { ms: 700, progress: 9 }, { id: 'x', meta: { progressToken: 1 } });
    await window.notification('notifications/progress');
    proxy.refuse(true);
    proxy.drop();
    await eventually('the end of the call', () =>
      scene.logLines('mcp_activity.log').find(({ sessionId, tool }) => sessionId === 'lost' && tool === 'sleep'),
    );
    const since = scene.logLines('ws_daemon.log').slice(before);
    expect(since.map(({ msg, level, sessionId }) => ({ msg, level, sessionId }))).toEqual([
      { msg: 'connection closed', level: 'info', sessionId: 'lost' },
    ]);
    proxy.refuse(false);
    expect(textOf(await answer)).toBe('slept 700 ms');
  });
});
