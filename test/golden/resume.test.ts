import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient, type OpsConnectOptions } from '../support/ops-client.ts';
import { executionsIn, inflight } from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

const countDir = mkdtempSync(join(tmpdir(), 'exai-golden-'));
afterAll(() => rmSync(countDir, { recursive: true, force: true }));

const initializeParams = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'golden', version: '1' },
};
const shimIds = Array.from({ length: 20 }, (_, index) => `0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e${index + 10}`);
const nextShimId = () => shimIds.pop() ?? '';

interface Resume {
  readonly daemonRunId: string;
  readonly pending: readonly (string | number)[];
}

/** A shim as the daemon sees it, without a shim: hello in mcp mode with a shim id. */
async function connectShim(target: OpsConnectOptions, shimId: string, resume?: Resume) {
  const client = await OpsClient.connect(target);
  const ack = await client.hello({
    protocol: '1.0',
    mode: 'mcp',
    session_id: 'resumed',
    shimId,
    ...(resume === undefined
      ? {}
      : { resume: { ...resume, protocolVersion: '2025-11-25', initialize: initializeParams } }),
  });
  return { client, ack };
}

/** The same, become a window. */
async function openWindow(target: OpsConnectOptions, shimId: string) {
  const { client, ack } = await connectShim(target, shimId);
  client.send({ jsonrpc: '2.0', id: 'init', method: 'initialize', params: initializeParams });
  client.send({ jsonrpc: '2.0', id: 'list', method: 'tools/list' });
  await client.frame({ id: 'list' });
  client.send({ op: 'received', ids: ['init', 'list'] });
  return { client, runId: String(ack['daemonRunId']) };
}

function call(
  client: OpsClient,
  id: string | number,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): void {
  client.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
}

/** Ids of the JSON-RPC answers so far. */
function answeredIds(client: OpsClient): readonly unknown[] {
  return client.frames.flatMap(({ json }) =>
    json?.['jsonrpc'] === '2.0' && json['method'] === undefined ? [json['id']] : [],
  );
}

describe('resume in one daemon run', () => {
  const countFile = join(countDir, 'resume');
  const shared = useDaemon({ testTools: true, env: { EXAI_TEST_COUNT_FILE: countFile } });
  const target = () => ({ port: shared.daemon.port });

  it('WIRE-M2 MAIN-exactly-once: a call that runs is kept, one that has ended is answered, a request never seen is lost', async () => {
    const shimId = nextShimId();
    const { client, runId } = await openWindow(target(), shimId);
    const watcher = await shared.session();
    const before = executionsIn(countFile);
    call(client, 1, 'count', { ms: 900 });
    call(client, 'a-2', 'count', { ms: 150 });
    await inflight(watcher, 2);
    client.terminate();
    await inflight(watcher, 1);
    const again = await connectShim(target(), shimId, { daemonRunId: runId, pending: [1, 'a-2', 3] });
    expect(again.ack).toMatchObject({ ok: true, session_id: 'resumed', resumed: true, lost: [3], unknown: [] });
    expect(await again.client.next()).toMatchObject({ id: 'a-2', result: { content: [{ type: 'text' }] } });
    expect(await again.client.next()).toMatchObject({ id: 1, result: { content: [{ type: 'text' }] } });
    call(again.client, 3, 'count', {});
    expect(await again.client.next()).toMatchObject({ id: 3, result: {} });
    expect(executionsIn(countFile) - before).toBe(3);
    expect(answeredIds(again.client)).toEqual(['a-2', 1, 3]);
  });

  it('WIRE-M2: an answer is kept until it is confirmed, and not longer', async () => {
    const shimId = nextShimId();
    const { client, runId } = await openWindow(target(), shimId);
    call(client, 1, 'echo', { text: 'kept' });
    await client.frame({ id: 1 });
    client.terminate();
    const second = await connectShim(target(), shimId, { daemonRunId: runId, pending: [1] });
    expect(second.ack).toMatchObject({ resumed: true, lost: [] });
    expect(await second.client.next()).toMatchObject({ id: 1, result: { content: [{ text: 'kept' }] } });
    second.client.send({ op: 'received', ids: [1] });
    second.client.send({ op: 'query', request_id: 9, pending: [1] });
    expect(await second.client.next()).toEqual({ op: 'query_res', request_id: 9, running: [], lost: [1], unknown: [] });
  });

  it('WIRE-M6: a query tells what runs and how long it may, and sends what is stored', async () => {
    const { client } = await openWindow(target(), nextShimId());
    call(client, 1, 'sleep', { ms: 400 });
    call(client, 2, 'echo', { text: 'stored' });
    await client.frame({ id: 2 });
    client.send({ op: 'query', request_id: 'q', pending: [1, 2, 77] });
    const { running, ...rest } = await client.frame({ op: 'query_res' });
    expect(rest).toEqual({ op: 'query_res', request_id: 'q', lost: [77], unknown: [] });
    expect(running).toEqual([{ id: 1, remainingMs: expect.any(Number) }]);
    const [{ remainingMs }] = running as [{ remainingMs: number }];
    expect(remainingMs).toBeGreaterThan(100_000);
    expect(remainingMs).toBeLessThanOrEqual(120_000);
    await client.frame({ id: 1 });
    expect(answeredIds(client)).toEqual(['init', 'list', 2, 2, 1]);
  });

  it('WIRE-M5: a call that is not pending any more was cancelled meanwhile', async () => {
    const shimId = nextShimId();
    const { client, runId } = await openWindow(target(), shimId);
    const watcher = await shared.session();
    call(client, 1, 'sleep', { ms: 60_000 });
    call(client, 2, 'sleep', { ms: 600 });
    await inflight(watcher, 2);
    client.terminate();
    const again = await connectShim(target(), shimId, { daemonRunId: runId, pending: [2] });
    await inflight(watcher, 1);
    expect(await again.client.frame({ id: 2 })).toMatchObject({ result: {} });
    expect(answeredIds(again.client)).toEqual([2]);
    await inflight(watcher, 0);
  });

  it('WIRE-M2: a newer connection of the same shim takes over, the older is closed with 4005', async () => {
    const shimId = nextShimId();
    const { client, runId } = await openWindow(target(), shimId);
    call(client, 1, 'sleep', { ms: 300 });
    const again = await connectShim(target(), shimId, { daemonRunId: runId, pending: [1] });
    expect(again.ack).toMatchObject({ ok: true, resumed: true });
    expect(await client.closedWith()).toEqual({ code: 4005, reason: 'superseded' });
    expect(await again.client.frame({ id: 1 })).toMatchObject({ result: {} });
    expect(answeredIds(client)).not.toContain(1);
  });

  it('WIRE-M2: another shim with the same name is another session', async () => {
    const first = await openWindow(target(), nextShimId());
    call(first.client, 1, 'echo', { text: 'mine' });
    await first.client.frame({ id: 1 });
    const other = await connectShim(target(), nextShimId(), { daemonRunId: first.runId, pending: [1] });
    expect(other.ack).toMatchObject({ ok: true, resumed: false });
    expect(answeredIds(other.client)).toEqual([]);
  });

  it('WIRE-M2: bye ends the session: its calls are cancelled and it cannot be resumed', async () => {
    const shimId = nextShimId();
    const { client, runId } = await openWindow(target(), shimId);
    const watcher = await shared.session();
    call(client, 1, 'sleep', { ms: 60_000 });
    await inflight(watcher, 1);
    client.send({ op: 'bye' });
    expect(await client.closedWith()).toEqual({ code: 1000, reason: '' });
    await inflight(watcher, 0);
    expect((await connectShim(target(), shimId, { daemonRunId: runId, pending: [] })).ack).toMatchObject({
      resumed: false,
    });
  });
});

describe('bounds of resume', () => {
  const shared = useDaemon({ testTools: true, env: { EXAI_RESUME_MAX_FRAMES: '1' } });

  it('WIRE-C5 WIRE-M2: an answer that was dropped is RESULT_EXPIRED, not lost', async () => {
    const shimId = nextShimId();
    const target = { port: shared.daemon.port };
    const { client, runId } = await openWindow(target, shimId);
    call(client, 1, 'echo', { text: 'first' });
    call(client, 2, 'echo', { text: 'second' });
    await client.frame({ id: 2 });
    client.terminate();
    const again = await connectShim(target, shimId, { daemonRunId: runId, pending: [1, 2] });
    expect(again.ack).toMatchObject({ resumed: true, lost: [], unknown: [] });
    expect(await again.client.frame({ id: 1 })).toMatchObject({
      error: { code: 410, data: { code: 'RESULT_EXPIRED', retryable: false, mayHaveRun: true } },
    });
    expect(await again.client.frame({ id: 2 })).toMatchObject({ result: { content: [{ text: 'second' }] } });
  });
});

describe('resume after a crash of the daemon', () => {
  /** Kills a daemon in the middle of a safe and an unsafe call and resumes with the next. */
  const crash = async (home: TestHome, countFile: string, between: () => void = () => undefined) => {
    const env = { EXAI_TEST_COUNT_FILE: countFile };
    const first = await home.startDaemon({ testTools: true, env });
    const shimId = nextShimId();
    const { client, runId } = await openWindow({ port: first.port }, shimId);
    call(client, 'unsafe', 'count', { ms: 60_000 });
    call(client, 'safe', 'count_safe', { ms: 60_000 });
    await eventually('two executions', () => (executionsIn(countFile) === 2 ? true : undefined));
    await first.kill('SIGKILL');
    between();
    const second = await home.startDaemon({ testTools: true, env });
    const pending = ['unsafe', 'safe', 'unsent'];
    return { ...(await connectShim({ port: second.port }, shimId, { daemonRunId: runId, pending })), runId };
  };

  it('WIRE-M3 WIRE-C5 MAIN-honest-crash: what may have run is DAEMON_RESTARTED, what is safe or never started is lost', async () => {
    const home = new TestHome();
    try {
      const { client, ack, runId } = await crash(home, join(countDir, 'crash'));
      expect(ack).toMatchObject({ ok: true, resumed: false, lost: ['safe', 'unsent'], unknown: [] });
      expect(ack['daemonRunId']).not.toBe(runId);
      expect(await client.frame({ id: 'unsafe' })).toMatchObject({
        error: { code: 503, data: { code: 'DAEMON_RESTARTED', retryable: false, mayHaveRun: true } },
      });
      expect(await client.frame({ method: 'notifications/tools/list_changed' })).toEqual({
        jsonrpc: '2.0',
        method: 'notifications/tools/list_changed',
      });
      expect(executionsIn(join(countDir, 'crash'))).toBe(2);
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-M3: without the journal of that run everything is unknown', async () => {
    const home = new TestHome();
    try {
      const { ack } = await crash(home, join(countDir, 'no-journal'), () => {
        const { daemonRunId } = home.readDiscovery();
        rmSync(home.layout.callJournalFile(daemonRunId));
      });
      expect(ack).toMatchObject({ ok: true, resumed: false, lost: [], unknown: ['unsafe', 'safe', 'unsent'] });
    } finally {
      await home.cleanUp();
    }
  });
});

describe('a connection that is superseded', () => {
  const countFile = join(countDir, 'superseded');
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_TEST_COUNT_FILE: countFile, EXAI_WS_SESSION_MAX_INFLIGHT: '200', EXAI_WS_GLOBAL_MAX_INFLIGHT: '200' },
  });

  it('WIRE-M2 MAIN-exactly-once: what it still had in line is not run beside its repeat', async () => {
    const target = { port: shared.daemon.port };
    const shimId = nextShimId();
    const { client, runId } = await openWindow(target, shimId);
    const pending = Array.from({ length: 60 }, (_, index) => index + 1);
    for (const id of pending) call(client, id, 'count');
    // The new connection says hello while frames of the old one wait for their turn.
    const { client: newcomer, ack } = await connectShim(target, shimId, { daemonRunId: runId, pending });
    for (const id of ack['lost'] as number[]) call(newcomer, id, 'count');
    await eventually('sixty answers', () => (new Set(answeredIds(newcomer)).size >= 60 ? true : undefined));
    expect(executionsIn(countFile)).toBe(60);
    expect(newcomer.frames.filter(({ json }) => json?.['error'] !== undefined)).toEqual([]);
  });
});

describe('the journal of the run that goes on', () => {
  const countFile = join(countDir, 'own-journal');
  const shared = useDaemon({ testTools: true, env: { EXAI_TEST_COUNT_FILE: countFile, EXAI_SESSION_GRACE_SECS: '0' } });

  it('WIRE-M3 MAIN-exactly-once: is read anew for every shim that comes back after its session has ended', async () => {
    const target = { port: shared.daemon.port };
    const early = nextShimId();
    const { client: first, runId } = await openWindow(target, early);
    first.terminate();
    const reading = await connectShim(target, early, { daemonRunId: runId, pending: ['never-sent'] });
    expect(reading.ack).toMatchObject({ resumed: false, lost: ['never-sent'] });
    const late = nextShimId();
    const { client: second } = await openWindow(target, late);
    call(second, 7, 'count');
    await eventually('an execution', () => (executionsIn(countFile) === 1 ? true : undefined));
    second.terminate();
    await eventually('the end of the session', async () =>
      (await shared.sample('exai_sessions{state="connected"}')) <= 1 ? true : undefined,
    );
    const { client: back, ack } = await connectShim(target, late, { daemonRunId: runId, pending: [7] });
    expect(ack).toMatchObject({ resumed: false, lost: [] });
    expect(await back.frame({ id: 7 })).toMatchObject({
      error: { data: { code: 'DAEMON_RESTARTED', mayHaveRun: true } },
    });
    expect(executionsIn(countFile)).toBe(1);
  });
});
