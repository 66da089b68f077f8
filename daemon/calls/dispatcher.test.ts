import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedBus } from '../testing/recorded-bus.ts';
import { fakeTool, HeldTool, textResult } from '../testing/tools.ts';
import type { Tool } from '../tools/tool.ts';
import { type CallReply, type CallRequest, Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import { Limiter } from './limiter.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => vi.useRealTimers());

interface Setup extends Partial<DispatcherOptions> {
  readonly queueMax?: number;
  readonly sessionCap?: number;
  readonly globalCap?: number;
}

function create(tools: readonly Tool[], setup: Setup = {}) {
  const { queueMax = 0, sessionCap = 2, globalCap = 3, ...options } = setup;
  const bus = new RecordedBus();
  const counters = { doubleReleases: 0 };
  const limiter = new Limiter({
    caps: { session: sessionCap, global: globalCap, providers: { KIMI: 1 } },
    queue: { max: queueMax, waitMs: 30_000 },
    retryAfterMs: 1000,
    onDoubleRelease: () => {
      counters.doubleReleases += 1;
    },
  });
  const dispatcher = new Dispatcher({
    tools: { find: (name) => tools.find((tool) => tool.name === name) },
    limiter,
    bus,
    callTimeoutMs: 120_000,
    cancelGraceMs: 5000,
    progressIntervalMs: 8000,
    retryAfterMs: 1000,
    toolCallMaxBytes: 1000,
    providerOf: (_name, _args, ofTool) => ofTool,
    ...options,
  });
  const call = (toolName: string, request: Partial<CallRequest> & { session?: string } = {}) => {
    const { session = 'a', ...rest } = request;
    const cancel = new AbortController();
    const gone = new AbortController();
    const reply = dispatcher.call({
      caller: { key: session, sessionId: `window ${session}`, instanceId: null, client: { name: 'kit' } },
      toolName,
      arguments: {},
      requestBytes: 2,
      cancelled: cancel.signal,
      canceller: cancel,
      sessionGone: gone.signal,
      ...rest,
    });
    return { reply, cancel: () => cancel.abort(), end: () => gone.abort() };
  };
  /** No slot is held, none was given back twice, no call is left. */
  const expectIdle = (): void => {
    const { global, queued, sessions } = limiter.snapshot();
    expect({ inflight: global.inflight, queued, sessions: sessions.size, ...counters }).toEqual({
      inflight: 0,
      queued: 0,
      sessions: 0,
      doubleReleases: 0,
    });
    expect([...dispatcher.inflight.all()]).toEqual([]);
    expect(dispatcher.abandonedCalls).toBe(0);
  };
  return { dispatcher, bus, limiter, call, expectIdle };
}

function codeOf(reply: CallReply): string {
  return reply.type === 'failure' ? reply.failure.code : 'result';
}

/** Lets everything that has been settled take effect. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

async function noteEnd(work: Promise<void>, log: string[], name: string): Promise<void> {
  await work;
  log.push(name);
}

describe('how a call ends', () => {
  it('PF-C1 WIRE-C1: with a result: the slot is back, once', async () => {
    const seen: unknown[] = [];
    const { call, bus, expectIdle } = create([
      fakeTool('chat', (args, context) => {
        seen.push(args, context.sessionId);
        return textResult('Hello');
      }),
    ]);
    const reply = await call('chat', { arguments: { a: 1 } }).reply;
    expect(reply).toMatchObject({
      type: 'result',
      callId: 'c_1',
      result: textResult('Hello'),
      timing: { provider: null, queuedMs: expect.any(Number) },
    });
    expect(seen).toEqual([{ a: 1 }, 'window a']);
    expect(bus.types()).toEqual(['call.started', 'call.finished']);
    expect(bus.of('call.finished')[0]?.call).toMatchObject({
      callId: 'c_1',
      sessionId: 'window a',
      tool: 'chat',
      isKnownTool: true,
      outcome: 'ok',
      errorCode: null,
      requestBytes: 2,
      responseBytes: 5,
    });
    expectIdle();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('WIRE-O2: missing arguments are an empty object', async () => {
    const { call } = create([fakeTool('chat', (args) => textResult(JSON.stringify(args)))]);
    for (const args of [undefined, null])
      expect(await call('chat', { arguments: args }).reply).toMatchObject({ result: textResult('{}') });
  });

  it.each([
    [
      'at once',
      () => {
        throw new Error('no such file');
      },
    ],
    ['later', () => Promise.reject(new Error('no such file'))],
  ])('WIRE-O6 PF-C1: a tool that throws %s is a failed result of ours', async (_when, fail) => {
    const { call, bus, expectIdle } = create([fakeTool('chat', fail)]);
    expect(await call('chat').reply).toMatchObject({
      type: 'result',
      result: {
        content: [{ type: 'text', text: 'no such file' }],
        isError: true,
        _meta: { 'exai-tray/error': { code: 'EXEC_ERROR', retryable: false, mayHaveRun: true } },
      },
    });
    expect(bus.of('call.finished')[0]?.call).toMatchObject({ outcome: 'tool_error', errorCode: 'EXEC_ERROR' });
    expectIdle();
  });

  it('WIRE-C5: a failed result that names its code is announced under it', async () => {
    const result = { ...textResult('x'), isError: true, _meta: { 'exai-tray/error': { code: 'VALIDATION_ERROR' } } };
    const { call, bus } = create([fakeTool('chat', () => result)]);
    expect(await call('chat').reply).toMatchObject({ type: 'result', result });
    expect(bus.of('call.finished')[0]?.call).toMatchObject({ outcome: 'tool_error', errorCode: 'VALIDATION_ERROR' });
  });

  it('PF-T4 PF-C1: at the deadline: TIMEOUT, the tool is aborted, its late result is nobody’s', async () => {
    const held = new HeldTool('chat');
    const { call, bus, expectIdle } = create([held.tool]);
    const { reply } = call('chat');
    await vi.advanceTimersByTimeAsync(119_999);
    expect(held.calls[0]?.context.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await reply).toMatchObject({
      type: 'failure',
      callId: 'c_1',
      failure: { code: 'TIMEOUT', callId: 'c_1', message: 'The call did not finish within 120 s.' },
    });
    expect(held.calls[0]?.context.signal.aborted).toBe(true);
    expect(bus.of('call.finished')[0]?.call).toMatchObject({ outcome: 'timeout', errorCode: 'TIMEOUT' });
    await settled();
    expectIdle();
  });

  it.each(['cancel', 'end'] as const)(
    'WIRE-O11 PF-X1 PF-X3: on %s the tool is aborted at once and the slot is back',
    async (how) => {
      const held = new HeldTool('chat');
      const { call, bus, expectIdle } = create([held.tool]);
      const running = call('chat');
      await settled();
      running[how]();
      expect(held.calls[0]?.context.signal.aborted).toBe(true);
      expect(codeOf(await running.reply)).toBe('CANCELLED');
      await settled();
      expect(bus.types()).toEqual(['call.started', 'call.finished']);
      expectIdle();
    },
  );

  it('WIRE-O11 PF-C1: cancelled before it began, the tool is not called', async () => {
    const held = new HeldTool('chat');
    const { call, expectIdle } = create([held.tool]);
    const cancelled = call('chat', { cancelled: AbortSignal.abort() });
    expect(codeOf(await cancelled.reply)).toBe('CANCELLED');
    expect(held.calls).toEqual([]);
    expectIdle();
  });

  it('PF-X4 WIRE-O11 PF-C1: a tool that ignores its abort loses the slot after the grace; its late end changes nothing', async () => {
    const held = new HeldTool('chat', { isDeaf: true });
    const { call, bus, limiter, dispatcher, expectIdle } = create([held.tool]);
    const running = call('chat');
    await settled();
    running.cancel();
    expect(codeOf(await running.reply)).toBe('CANCELLED');
    await vi.advanceTimersByTimeAsync(4999);
    expect(limiter.snapshot().global.inflight).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(limiter.snapshot().global.inflight).toBe(0);
    expect(dispatcher.abandonedCalls).toBe(1);
    held.calls[0]?.context.reportProgress({ progress: 1 });
    held.calls[0]?.finish();
    await settled();
    expect(bus.types()).toEqual(['call.started', 'call.finished', 'call.abandoned', 'call.settled-late']);
    expectIdle();
  });

  it('PF-X4: a tool that ends within the grace is not counted as abandoned, an error is nobody’s', async () => {
    const held = new HeldTool('chat', { isDeaf: true });
    const { call, bus, expectIdle } = create([held.tool]);
    const running = call('chat');
    await settled();
    running.cancel();
    await running.reply;
    held.calls[0]?.fail(new Error('late'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bus.types()).toEqual(['call.started', 'call.finished']);
    expectIdle();
  });
});

describe('refusals', () => {
  it('WIRE-O2: one trailing server name is dropped for the look-up, errors quote what was asked', async () => {
    const { call } = create([fakeTool('chat'), fakeTool('real_EXAI-WS')]);
    for (const name of ['chat', 'chat_EXAI-WS', 'chat-EXAI-WS', 'chat_EXAI_WS', 'chat-EXAI_WS'])
      expect(await call(name).reply).toMatchObject({ result: textResult('chat') });
    expect(await call('real_EXAI-WS').reply).toMatchObject({ result: textResult('real_EXAI-WS') });
    expect(await call('chat_EXAI-WS_EXAI-WS').reply).toMatchObject({
      type: 'failure',
      failure: { code: 'TOOL_NOT_FOUND', message: 'There is no tool "chat_EXAI-WS_EXAI-WS".' },
    });
  });

  it('PF-P9: an unknown tool is announced as one, and takes no slot', async () => {
    const { call, bus, expectIdle } = create([]);
    expect(codeOf(await call('nothing').reply)).toBe('TOOL_NOT_FOUND');
    expect(bus.of('call.finished')[0]?.call).toMatchObject({ tool: 'nothing', isKnownTool: false, outcome: 'error' });
    expectIdle();
  });

  it('BAD-oversized: arguments above their limit', async () => {
    const { call } = create([fakeTool('chat')]);
    expect(await call('chat', { requestBytes: 1000 }).reply).toMatchObject({ type: 'result' });
    expect(await call('chat', { requestBytes: 1001 }).reply).toMatchObject({
      failure: { code: 'PAYLOAD_TOO_LARGE', details: { actual_size: 1001, limit: 1000 } },
    });
  });

  it.each([
    ['session', 'a', 'chat', { limit: 2, inflight: 2 }, 'This window already runs 2 calls, its limit is 2.'],
    ['global', 'c', 'chat', { limit: 3, inflight: 3 }, 'The daemon already runs 3 calls, its limit is 3.'],
  ])(
    'WIRE-C1 WIRE-C3 PF-D7: the %s limit is refused at once; with a free slot the same call runs',
    async (scope, session, tool, figures, message) => {
      const held = new HeldTool('chat');
      const { call, bus, expectIdle } = create([held.tool]);
      const running = [call('chat'), call('chat'), call('chat', { session: 'b' })];
      await settled();
      const refused = await call(tool, { session }).reply;
      expect(refused).toMatchObject({
        failure: { code: 'OVER_CAPACITY', message, retryAfterMs: 1000, capacity: { scope, queued: 0, ...figures } },
      });
      expect(bus.of('call.finished')[0]?.call).toMatchObject({ outcome: 'refused', refusedScope: scope });
      expect(bus.of('call.started')).toHaveLength(3);
      held.calls[0]?.finish();
      await running[0]?.reply;
      const again = call(tool, { session });
      await settled();
      for (const one of held.calls) one.finish();
      expect(codeOf(await again.reply)).toBe('result');
      await settled();
      expectIdle();
    },
  );

  it('WIRE-C1 PF-C5: the limit of a provider', async () => {
    const held = new HeldTool('chat', { traits: { provider: 'KIMI' } });
    const { call } = create([held.tool]);
    call('chat');
    await settled();
    const reply = await call('chat', { session: 'b' }).reply;
    expect(reply).toMatchObject({
      failure: {
        capacity: { scope: 'provider', limit: 1, inflight: 1 },
        message: 'KIMI already runs 1 calls, its limit is 1.',
      },
      timing: { provider: 'KIMI' },
    });
  });

  it('WIRE-C1: an exempt tool answers when every slot is taken', async () => {
    const held = new HeldTool('chat');
    const { call } = create([held.tool, fakeTool('version', undefined, { isExempt: true })]);
    for (const session of ['a', 'b', 'c']) call('chat', { session });
    await settled();
    expect(codeOf(await call('version').reply)).toBe('result');
  });
});

describe('the queue', () => {
  it('WIRE-C4: a call waits, says so, and starts with the next free slot', async () => {
    const held = new HeldTool('chat');
    const { call, bus, expectIdle } = create([held.tool], { queueMax: 4, sessionCap: 1 });
    const log: unknown[] = [];
    const first = call('chat');
    const second = call('chat', {
      onQueued: (position) => log.push(`queued ${position}`),
      onStarted: ({ callId, wasQueued, deadlineMs, isSafe }) => log.push({ callId, wasQueued, deadlineMs, isSafe }),
    });
    await settled();
    expect(log).toEqual(['queued 1']);
    expect(held.calls).toHaveLength(1);
    held.calls[0]?.finish();
    await first.reply;
    await settled();
    expect(log).toEqual(['queued 1', { callId: 'c_2', wasQueued: true, deadlineMs: 120_000, isSafe: false }]);
    held.calls[1]?.finish();
    expect(codeOf(await second.reply)).toBe('result');
    expect(bus.of('call.queued')).toMatchObject([{ position: 1, call: { callId: 'c_2' } }]);
    await settled();
    expectIdle();
  });

  it('WIRE-C4: full, or waited too long, is OVER_CAPACITY with scope queue', async () => {
    const held = new HeldTool('chat');
    const { call, expectIdle } = create([held.tool], { queueMax: 4, sessionCap: 1 });
    const first = call('chat');
    const waiting = call('chat');
    await settled();
    expect(await call('chat').reply).toMatchObject({
      failure: { code: 'OVER_CAPACITY', capacity: { scope: 'queue', limit: 1 } },
    });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await waiting.reply).toMatchObject({
      failure: { code: 'OVER_CAPACITY', capacity: { scope: 'queue' }, details: { reason: 'wait' } },
    });
    held.calls[0]?.finish();
    await first.reply;
    expectIdle();
  });

  it.each(['cancel', 'end'] as const)('WIRE-O11 PF-X3: %s takes a waiting call out; it has not run', async (how) => {
    const held = new HeldTool('chat');
    const { call, expectIdle } = create([held.tool], { queueMax: 4, sessionCap: 1 });
    const first = call('chat');
    const waiting = call('chat');
    await settled();
    waiting[how]();
    expect(await waiting.reply).toMatchObject({ failure: { code: 'CANCELLED', mayHaveRun: false } });
    held.calls[0]?.finish();
    await first.reply;
    expect(held.calls).toHaveLength(1);
    expectIdle();
  });
});

describe('while a call runs', () => {
  it('WIRE-O3 PF-P7: it beats from a timer of its own, hands progress and chunks on, and is not disturbed', async () => {
    const held = new HeldTool('chat', { traits: { annotations: { idempotentHint: true } } });
    const { call, dispatcher } = create([held.tool]);
    const log: unknown[] = [];
    const { reply } = call('chat', {
      onStarted: ({ isSafe }) => log.push(`safe ${isSafe}`),
      onHeartbeat: (beats) => log.push(`beat ${beats}`),
      onProgress: (progress) => log.push(progress),
      onChunk: (text) => log.push(text),
    });
    await settled();
    expect([...dispatcher.inflight.all()]).toMatchObject([
      { info: { callId: 'c_1', tool: 'chat' }, state: 'running', startedAt: expect.any(Number) },
    ]);
    await vi.advanceTimersByTimeAsync(8000);
    held.calls[0]?.context.reportProgress({ progress: 1, total: 2 });
    held.calls[0]?.context.streamChunk('Hel');
    await vi.advanceTimersByTimeAsync(8000);
    held.calls[0]?.finish();
    expect(codeOf(await reply)).toBe('result');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual(['safe true', 'beat 1', { progress: 1, total: 2 }, 'Hel', 'beat 2']);
  });

  it('WIRE-O11: after the abort nothing of the tool is handed on', async () => {
    const held = new HeldTool('chat', { isDeaf: true });
    const { call } = create([held.tool]);
    const log: unknown[] = [];
    const running = call('chat', {
      onProgress: (value) => log.push(value),
      onChunk: (text) => log.push(text),
      onHeartbeat: (beats) => log.push(beats),
    });
    await settled();
    running.cancel();
    await running.reply;
    held.calls[0]?.context.reportProgress({ progress: 1 });
    held.calls[0]?.context.streamChunk('x');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(log).toEqual([]);
  });
});

describe('draining', () => {
  it('MAIN-entry-points: new calls are refused as retryable, and it ends with the last running one', async () => {
    const held = new HeldTool('chat');
    const { call, dispatcher, expectIdle } = create([held.tool]);
    const running = call('chat');
    await settled();
    const log: string[] = [];
    void noteEnd(dispatcher.drain(), log, 'first');
    void noteEnd(dispatcher.drain(), log, 'second');
    expect(await call('chat').reply).toMatchObject({ failure: { code: 'DAEMON_UNAVAILABLE' } });
    await settled();
    expect(log).toEqual([]);
    held.calls[0]?.finish();
    expect(codeOf(await running.reply)).toBe('result');
    await settled();
    expect(log).toEqual(['first', 'second']);
    await dispatcher.drain();
    expectIdle();
  });

  it('MAIN-entry-points: calls that wait for a slot are not forgotten', async () => {
    const held = new HeldTool('chat');
    const { call, dispatcher } = create([held.tool], { queueMax: 4, sessionCap: 1 });
    const calls = [call('chat'), call('chat')];
    await settled();
    const log: string[] = [];
    void noteEnd(dispatcher.drain(), log, 'drained');
    held.calls[0]?.finish();
    await calls[0]?.reply;
    await settled();
    expect(log).toEqual([]);
    held.calls[1]?.finish();
    expect(await calls[1]?.reply).toMatchObject({ type: 'result' });
    await settled();
    expect(log).toEqual(['drained']);
  });
});

describe('calls in flight, for who looks', () => {
  it('LIVE-cancel-exact: one running call is cancelled, and no other', async () => {
    const held = new HeldTool('chat');
    const { call, dispatcher, bus, expectIdle } = create([held.tool]);
    const calls = [call('chat'), call('chat')];
    await settled();
    expect(dispatcher.inflight.cancel('c_2')).toBe(true);
    expect(dispatcher.inflight.cancel('c_2')).toBe(false);
    expect(await calls[1]?.reply).toMatchObject({ failure: { code: 'CANCELLED' } });
    expect([...dispatcher.inflight.all()].map(({ info, state }) => [info.callId, state])).toEqual([['c_1', 'running']]);
    expect(dispatcher.inflight.cancel('c_3')).toBe(false);
    held.calls[0]?.finish();
    expect(await calls[0]?.reply).toMatchObject({ type: 'result' });
    expect(bus.of('call.finished').map(({ call: { callId, outcome } }) => [callId, outcome])).toEqual([
      ['c_2', 'cancelled'],
      ['c_1', 'ok'],
    ]);
    expectIdle();
  });

  it('LIVE-cancel-exact: a waiting call leaves the line without having run', async () => {
    const held = new HeldTool('chat');
    const { call, dispatcher, expectIdle } = create([held.tool], { queueMax: 8, sessionCap: 1 });
    const calls = [call('chat'), call('chat'), call('chat')];
    await settled();
    const shown = () =>
      Object.fromEntries(
        [...dispatcher.inflight.all()].map((one) => [one.info.callId, [one.state, one.queuePosition]]),
      );
    expect(shown()).toEqual({ c_1: ['running', 0], c_2: ['queued', 1], c_3: ['queued', 2] });
    expect(dispatcher.inflight.cancel('c_2')).toBe(true);
    expect(await calls[1]?.reply).toMatchObject({ failure: { code: 'CANCELLED', mayHaveRun: false } });
    expect(Object.keys(shown()).toSorted()).toEqual(['c_1', 'c_3']);
    held.calls[0]?.finish();
    await calls[0]?.reply;
    await settled();
    expect(held.calls).toHaveLength(2);
    held.calls[1]?.finish();
    expect(await calls[2]?.reply).toMatchObject({ callId: 'c_3', type: 'result' });
    expectIdle();
  });

  it('LIVE-cancel-exact: a tool that does not listen is shown as cancelling until it is given up', async () => {
    const held = new HeldTool('chat', { isDeaf: true });
    const { call, dispatcher } = create([held.tool]);
    const running = call('chat');
    await settled();
    dispatcher.inflight.cancel('c_1');
    await running.reply;
    expect(dispatcher.inflight.find('c_1')?.state).toBe('cancelling');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(dispatcher.inflight.find('c_1')).toBeUndefined();
    expect([...dispatcher.inflight.all()]).toEqual([]);
    expect(dispatcher.abandonedCalls).toBe(1);
    held.calls[0]?.finish();
    await settled();
    expect(dispatcher.abandonedCalls).toBe(0);
  });

  it('LIVE-pause: new calls are refused and told so, running and waiting ones finish', async () => {
    const held = new HeldTool('chat');
    const { call, dispatcher, expectIdle } = create([held.tool], { queueMax: 4, sessionCap: 1 });
    const calls = [call('chat'), call('chat')];
    await settled();
    dispatcher.setPaused(true);
    expect(await call('chat').reply).toMatchObject({
      failure: { code: 'DAEMON_UNAVAILABLE', message: expect.stringContaining('paused') },
    });
    for (const at of [0, 1]) {
      held.calls[at]?.finish();
      expect(await calls[at]?.reply).toMatchObject({ type: 'result' });
      await settled();
    }
    dispatcher.setPaused(false);
    const next = call('chat');
    await settled();
    held.calls[2]?.finish();
    expect(await next.reply).toMatchObject({ type: 'result' });
    expectIdle();
  });

  it('LIVE-idle-cost: a watcher is told of start, progress and end; without one nobody is', async () => {
    const held = new HeldTool('chat');
    const { call, dispatcher } = create([held.tool]);
    const seen: unknown[] = [];
    const stop = dispatcher.inflight.watch(({ info, progress }) =>
      seen.push([info.callId, dispatcher.inflight.find(info.callId)?.state ?? 'gone', progress?.message ?? '']),
    );
    const first = call('chat');
    await settled();
    held.calls[0]?.context.reportProgress({ message: 'half' });
    held.calls[0]?.finish();
    await first.reply;
    stop();
    const second = call('chat');
    await settled();
    held.calls[1]?.finish();
    await second.reply;
    expect(seen).toEqual([
      ['c_1', 'running', ''],
      ['c_1', 'running', 'half'],
      ['c_1', 'gone', 'half'],
    ]);
  });
});
