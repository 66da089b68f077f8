import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inflight } from '../golden/ops-calls.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import type { Fate, SeenFrame } from '../support/link-proxy.ts';
import { type RawClient, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

/** Every window of these tests is called `w`. */
const name = { EXAI_SESSION_ID: 'window', EXAI_LOG_PREFIX: 'w' };
const log = 'ws_shim_w.log';

const isCall = ({ from, json }: SeenFrame): boolean => from === 'shim' && json?.['method'] === 'tools/call';
const isAnswerOf =
  (id: string) =>
  ({ from, json }: SeenFrame): boolean =>
    from === 'daemon' && json?.['id'] === id;

function answersOf(window: RawClient, id: string): readonly string[] {
  return window.lines.filter((line) => line.includes(`"id":${JSON.stringify(id)}`));
}

describe('a dropped connection', () => {
  async function throughLinkProxy() {
    const daemon = await scene.startDaemon();
    const { proxy, env } = await scene.openLinkProxy();
    const window = await scene.openWindow({ ...env, ...name });
    return { daemon, proxy, window };
  }

  /** One execution, one answer, and a connection that works on. */
  async function expectOnce(window: RawClient, connected = 2): Promise<void> {
    await scene.logLine(log, 'connected', connected);
    expect(textOf(await window.callTool('echo', { text: 'goes on' }))).toBe('goes on');
    expect(answersOf(window, 'x')).toHaveLength(1);
    expect(scene.executions).toBe(1);
  }

  it.each<readonly [string, (frame: SeenFrame) => boolean, Fate]>([
    ['on its way to the daemon', isCall, 'cut'],
    ['in the middle of the request', isCall, 'cut-half'],
    ['after send', isCall, 'pass-and-cut'],
    ['after the result is stored', isAnswerOf('x'), 'cut'],
    ['in the middle of the answer', isAnswerOf('x'), 'cut-half'],
    ['after the result is written', isAnswerOf('x'), 'pass-and-cut'],
  ])('WIRE-M2 MAIN-exactly-once PF-R6: %s', async (_when, matches, fate) => {
    const { proxy, window } = await throughLinkProxy();
    const sprung = proxy.trap('the frame to cut at', matches, fate);
    const answer = window.callTool('count', { ms: 50 }, { id: 'x' });
    await sprung;
    expect(textOf(await answer)).toBe('1');
    await expectOnce(window);
  });

  it('WIRE-M2 MAIN-exactly-once: before send', async () => {
    const { proxy, window } = await throughLinkProxy();
    proxy.refuse(true);
    proxy.cut();
    await scene.logLine(log, 'connection lost');
    const answer = window.callTool('count', {}, { id: 'x' });
    await window.request('ping'); // the line has been read by then
    expect(scene.executions).toBe(0);
    proxy.refuse(false);
    expect(textOf(await answer)).toBe('1');
    await expectOnce(window);
  });

  it.each(['after send', 'after the result is stored', 'after the result is written'])(
    'WIRE-M2 MAIN-exactly-once: %s, over TCP',
    async (when) => {
      const daemon = await scene.startDaemon();
      const { proxy, env } = await scene.openTcpProxy(() => daemon.port);
      const window = await scene.openWindow({ ...env, ...name });
      const answer = window.callTool('count', { ms: 100 }, { id: 'x' });
      await scene.executed(1);
      if (when === 'after the result is stored') {
        proxy.hold('to-client');
        await scene.sessionsWhen('the end of the call', ([session]) => session?.inflight === 0);
      } else if (when === 'after the result is written') await answer;
      proxy.drop();
      expect(textOf(await answer)).toBe('1');
      await expectOnce(window);
    },
  );

  it('MAIN-exactly-once: many calls over a line that keeps breaking', async () => {
    const { proxy, window } = await throughLinkProxy();
    const texts: string[] = [];
    for (const [round, fate] of (['cut', 'pass-and-cut', 'cut-half'] as const).entries()) {
      const ids = Array.from({ length: 6 }, (_, index) => `r${round}-${index}`);
      const third = round === 1 ? isAnswerOf(ids[2] ?? '') : ({ json }: SeenFrame) => json?.['id'] === ids[2];
      const sprung = proxy.trap('the frame to cut at', third, fate);
      const answers = ids.map((id, index) => window.callTool('count', { ms: index * 15 }, { id }));
      await sprung;
      texts.push(...(await Promise.all(answers)).map(textOf));
    }
    await scene.logLine(log, 'connected', 4);
    expect(texts.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 18 }, (_, index) => index + 1));
    expect(scene.executions).toBe(18);
    await window.request('ping');
    expect(window.lines.filter((line) => line.includes('"id":"r'))).toHaveLength(18);
  });

  it('PF-R6: a long answer that breaks off arrives whole after the resume', async () => {
    const { proxy, window } = await throughLinkProxy();
    const sprung = proxy.trap('the answer', isAnswerOf('x'), 'cut-half');
    const answer = window.callTool('flood', { bytes: 4_000_000 }, { id: 'x' });
    await sprung;
    expect(textOf(await answer)).toBe('x'.repeat(4_000_000));
    await scene.logLine(log, 'connected', 2);
    expect(answersOf(window, 'x')).toHaveLength(1);
    expect(proxy.frames.filter(isCall)).toHaveLength(1);
  });

  it('WIRE-M5: a call cancelled while away is cancelled at resume, one that waits here never runs', async () => {
    const { daemon, proxy, window } = await throughLinkProxy();
    const ops = await scene.connectOps(daemon);
    window.sendLine(callLine('sleep', 'running', { ms: 60_000 }));
    await inflight(ops, 1);
    proxy.refuse(true);
    proxy.cut();
    await scene.logLine(log, 'connection lost');
    window.sendLine(callLine('count', 'queued', {}));
    window.cancel('running');
    window.cancel('queued');
    await window.request('ping');
    await inflight(ops, 1);
    proxy.refuse(false);
    await inflight(ops, 0);
    expect(textOf(await window.callTool('echo', { text: 'goes on' }))).toBe('goes on');
    expect(scene.executions).toBe(0);
    expect([...answersOf(window, 'running'), ...answersOf(window, 'queued')]).toEqual([]);
  });

  it('WIRE-M6 PF-D9 PF-T1: a silent call is asked after with its own id, and runs once', async () => {
    await scene.startDaemon();
    const { proxy, env } = await scene.openLinkProxy();
    const window = await scene.openWindow({ ...env, ...name, EXAI_SHIM_RPC_TIMEOUT: '2' });
    expect(textOf(await window.callTool('count', { ms: 3_000 }, { id: 'x' }))).toBe('1');
    expect(proxy.controls('query').map(({ json }) => json)).toEqual([
      { op: 'query', request_id: expect.anything(), pending: ['x'] },
    ]);
    expect(proxy.controls('query_res').map(({ json }) => json)).toEqual([
      expect.objectContaining({
        running: [{ id: 'x', remainingMs: expect.toSatisfy((ms: number) => ms > 100_000 && ms < 120_000) }],
        lost: [],
        unknown: [],
      }),
    ]);
    expect(proxy.frames.filter(isCall)).toHaveLength(1);
    expect(proxy.connections).toBe(1);
    expect(scene.executions).toBe(1);
    expect(answersOf(window, 'x')).toHaveLength(1);
  });
});

describe('a daemon that is killed', () => {
  it('WIRE-M3 MAIN-honest-crash: a call that waits in the shim runs once', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow(name);
    await daemon.kill();
    await scene.logLine(log, 'connection lost');
    const answer = window.callTool('count', {}, { id: 'x' });
    await window.request('ping');
    await scene.startDaemon();
    expect(textOf(await answer)).toBe('1');
    expect(scene.executions).toBe(1);
  });

  it('WIRE-M3 MAIN-honest-crash: a call that it had not read yet runs once', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow(name);
    process.kill(daemon.pid, 'SIGSTOP');
    const answer = window.callTool('count', {}, { id: 'x' });
    await window.request('ping');
    await daemon.kill();
    await scene.startDaemon();
    expect(textOf(await answer)).toBe('1');
    expect(scene.executions).toBe(1);
  });

  it('WIRE-M3 MAIN-honest-crash: a safe call that was running runs again', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow(name);
    const answer = window.callTool('count_safe', { ms: 300 }, { id: 'x' });
    await scene.executed(1);
    await daemon.kill();
    await scene.startDaemon();
    expect(textOf(await answer)).toBe('1'); // the new daemon counts anew
    expect(scene.executions).toBe(2);
    expect(answersOf(window, 'x')).toHaveLength(1);
  });

  it.each([
    ['is there', false, 'count'],
    ['is deleted', true, 'count'],
    ['is deleted, although the tool is safe', true, 'count_safe'],
  ])(
    'WIRE-M3 MAIN-honest-crash: a call that was running may have run; the journal %s',
    async (_what, isDeleted, tool) => {
      const daemon = await scene.startDaemon();
      const window = await scene.openWindow(name);
      const answer = window.callTool(tool, { ms: 60_000 }, { id: 'x' });
      await scene.executed(1);
      await daemon.kill();
      const journals = globSync(join(scene.home.layout.runDir, 'calls-*.jsonl'));
      expect(journals).toHaveLength(1);
      if (isDeleted) for (const journal of journals) rmSync(journal);
      await scene.startDaemon();
      expect((await answer).error).toMatchObject({
        code: 503,
        data: { code: 'DAEMON_RESTARTED', retryable: false, mayHaveRun: true, hint: expect.any(String) },
      });
      expect(textOf(await window.callTool('echo', { text: 'goes on' }))).toBe('goes on');
      expect(scene.executions).toBe(1);
      expect(answersOf(window, 'x')).toHaveLength(1);
    },
  );

  it('WIRE-M3 MAIN-honest-crash: a call that was answered is not named by the journal any more', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow(name);
    expect(textOf(await window.callTool('count', {}, { id: 'x' }))).toBe('1');
    await daemon.kill();
    await scene.startDaemon();
    expect(textOf(await window.callTool('count', {}, { id: 'y' }))).toBe('1');
    await window.request('ping');
    expect(answersOf(window, 'x')).toHaveLength(1);
    expect(scene.executions).toBe(2);
  });

  it('WIRE-M3: the window is told of lists that may have changed, and is not initialised again', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow(name);
    await daemon.kill();
    await scene.startDaemon();
    await window.notification('notifications/tools/list_changed');
    expect(await window.request('tools/list')).toMatchObject({ result: { tools: expect.any(Array) } });
    const [session] = await scene.sessions();
    expect(session).toMatchObject({ sessionId: 'window', clientName: 'raw-client', state: 'connected' });
  });

  it('PF-R2: ten windows under load all go on with the new daemon, and no pipe is closed', async () => {
    const daemon = await scene.startDaemon();
    const windows = await Promise.all(Array.from({ length: 10 }, () => scene.openWindow()));
    const load = new AbortController();
    const answered = windows.map(() => 0);
    const loads = windows.map(async (window, index) => {
      for (let count = 0; !load.signal.aborted; count += 1) {
        const text = `${index}-${count}`;
        expect(textOf(await window.callTool('echo', { text, ms: 5 }, { timeoutMs: 20_000 }))).toBe(text);
        answered[index] = count + 1;
      }
    });
    const all = Promise.all(loads);
    const moreThan = (least: readonly number[]) => () =>
      answered.every((n, i) => n > (least[i] ?? 0)) ? true : undefined;
    await eventually('answers for every window', moreThan(windows.map(() => 3)));
    await daemon.kill();
    const before = [...answered];
    await scene.startDaemon();
    await Promise.race([all, eventually('answers of the new daemon', moreThan(before.map((n) => n + 3)))]);
    load.abort();
    await withDeadline('the end of the load', all);
    expect(windows.map(({ hasExited }) => hasExited)).toEqual(windows.map(() => false));
  });
});

function callLine(tool: string, id: string, args: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: args } });
}
