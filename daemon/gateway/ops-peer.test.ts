import { describe, expect, it } from 'vitest';
import { Dispatcher } from '../calls/dispatcher.ts';
import { Limiter } from '../calls/limiter.ts';
import { ManualTime } from '../calls/manual-time.ts';
import type { SessionOwner } from '../sessions/session.ts';
import { RecordedBus } from '../testing/recorded-bus.ts';
import { standaloneSession, userOwner } from '../testing/sessions.ts';
import { fakeTool, HeldTool, textResult } from '../testing/tools.ts';
import type { Tool } from '../tools/tool.ts';
import { readOpsRequest } from './ops-frames.ts';
import { type OpsClient, OpsPeer, type OpsPeerOptions } from './ops-peer.ts';

type Frame = Readonly<Record<string, unknown>>;
type Repeats = OpsPeerOptions['repeats'];

interface Setup {
  readonly repeats?: Partial<Repeats>;
  readonly sessionCap?: number;
  readonly queueMax?: number;
  readonly progressIntervalMs?: number;
  readonly maxOpen?: number;
  readonly owner?: SessionOwner;
}

const ttlMs = 600_000;

/** A dispatcher with real slots, and peers of as many sessions as a test wants. */
function create(tools: readonly Tool[], setup: Setup = {}) {
  const { sessionCap = 60, queueMax = 0 } = setup;
  const time = new ManualTime();
  const bus = new RecordedBus();
  const limiter = new Limiter({
    caps: { session: sessionCap, global: 100, providers: {} },
    queue: { max: queueMax, waitMs: 30_000 },
    retryAfterMs: 1000,
  });
  const dispatcher = new Dispatcher({
    tools: { find: (name) => tools.find((tool) => tool.name === name) },
    limiter,
    bus,
    callTimeoutMs: 119_500,
    cancelGraceMs: 5000,
    progressIntervalMs: setup.progressIntervalMs ?? 60_000,
    retryAfterMs: 1000,
    toolCallMaxBytes: 1_000_000,
    providerOf: () => null,
  });
  const openSession = (name: string) => {
    const session = standaloneSession(name, setup.owner === undefined ? {} : { owner: setup.owner });
    const peer = new OpsPeer({
      session,
      dispatcher,
      bus,
      now: time.clock,
      answers: { compatText: true, ensureNonEmptyOutput: false, isModern: false, sessionId: name },
      repeats: { coalesce: 'auto', neverCoalesceTools: new Set(), ttlMs, undeliveredMs: 120_000, ...setup.repeats },
      maxOpen: setup.maxOpen ?? 256,
    });
    return { session, peer, connect: (isReattached = false) => connect(peer, isReattached) };
  };
  return { openSession, time, bus, limiter };
}

/** One connection of a session; frames sent after it closed go nowhere, as on a socket. */
function connect(peer: OpsPeer, isReattached: boolean) {
  const frames: Frame[] = [];
  let isOpen = true;
  const client: OpsClient = peer.attach({
    isReattached,
    send: (text) => void (isOpen && frames.push(JSON.parse(text) as Frame)),
  });
  return {
    frames,
    ask: (frame: Frame) => {
      const bytes = Buffer.from(JSON.stringify(frame));
      const request = readOpsRequest(bytes);
      if (request.type === 'call_tool') peer.call(client, request, bytes.length);
      else if (request.type === 'cancel') peer.cancel(client, request);
      else throw new Error(`not for the peer: ${request.type}`);
    },
    drop: () => {
      isOpen = false;
      peer.onDetached();
    },
    results: () => frames.filter(({ op }) => op === 'call_tool_res'),
    /** Everything but times. */
    ops: () =>
      frames.map(({ op, request_id, note }) => [op, request_id, ...(note === undefined ? [] : [note])].join(' ')),
  };
}

function chat(request_id: unknown, content = 'same'): Frame {
  return { op: 'call_tool', request_id, name: 'chat', arguments: { content } };
}

/** Lets everything that has been settled take effect. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A chat tool that answers at once and counts its executions. */
function countingTool() {
  const executions: unknown[] = [];
  const tool = fakeTool('chat', (args) => {
    executions.push(args);
    return textResult(`answer ${executions.length}`);
  });
  return { executions, tool };
}

describe('the frames of a call', () => {
  it('WIRE-8.4: every asker has its own time to the answer, cancelled and refused ones too', async () => {
    const held = new HeldTool('chat');
    const { openSession, time, bus } = create([held.tool]);
    const client = openSession('win').connect();
    client.ask(chat('b1'));
    await settled();
    time.advance(400);
    client.ask(chat('b1'));
    time.advance(100);
    held.calls[0]?.finish(textResult('Hello'));
    await settled();
    client.ask({ op: 'cancel', request_id: 'c1', target: 'gone' });
    client.ask(chat('b1'));
    expect(bus.of('message.sent')).toMatchObject([
      { kind: 'response', answerTo: 'call_tool', latencyMs: 500 },
      { kind: 'response', answerTo: 'call_tool', latencyMs: 100 },
      { kind: 'response', answerTo: 'cancel', latencyMs: 0 },
      { kind: 'response', answerTo: 'call_tool', latencyMs: 0 },
    ]);
  });

  it('WIRE-O3: what a tool reports after its result is nobody’s', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool]).openSession('win').connect();
    client.ask({ op: 'call_tool', request_id: 'b1', name: 'chat', arguments: { stream: true } });
    await settled();
    held.calls[0]?.finish(textResult('Hello'));
    await settled();
    held.calls[0]?.context.reportProgress({ progress: 3 });
    held.calls[0]?.context.streamChunk('late');
    expect(client.ops()).toEqual(['call_tool_ack b1', 'call_tool_res b1']);
  });

  it('WIRE-O3: ack, progress, chunks, completion, one result', async () => {
    const held = new HeldTool('chat');
    const { connect: open } = create([held.tool]).openSession('win');
    const client = open();
    client.ask({ op: 'call_tool', request_id: 'b1', name: 'chat_EXAI-WS', arguments: { stream: true } });
    await settled();
    const context = held.calls[0]?.context;
    context?.reportProgress({ progress: 2, total: 4, message: 'step 2 of 4' });
    context?.streamChunk('Hel');
    context?.streamChunk('lo');
    held.calls[0]?.finish(textResult('Hello'));
    await settled();
    expect(client.frames).toMatchObject([
      {
        op: 'call_tool_ack',
        request_id: 'b1',
        accepted: true,
        timeout: 120,
        name: 'chat_EXAI-WS',
        call_id: 'c_1',
        queued: false,
      },
      {
        op: 'progress',
        request_id: 'b1',
        name: 'chat_EXAI-WS',
        t: expect.any(Number),
        message: 'step 2 of 4',
        level: 'info',
        progress: 2,
        total: 4,
      },
      { op: 'stream_chunk', request_id: 'b1', seq: 0, chunk: 'Hel', timestamp: expect.stringMatching(/^\d{4}-.*Z$/) },
      { op: 'stream_chunk', request_id: 'b1', seq: 1, chunk: 'lo' },
      { op: 'stream_complete', request_id: 'b1' },
      { op: 'call_tool_res', request_id: 'b1', ok: true, text: 'Hello' },
    ]);
  });

  it('WIRE-O3: chunks only for who asked to stream; a silent call beats', async () => {
    const held = new HeldTool('chat');
    const { connect: open } = create([held.tool], { progressIntervalMs: 1 }).openSession('win');
    const client = open();
    client.ask(chat('b1'));
    await expect.poll(() => client.ops()).toContain('progress b1 running');
    held.calls[0]?.context.streamChunk('Hel');
    held.calls[0]?.finish();
    await settled();
    expect(new Set(client.ops())).toEqual(new Set(['call_tool_ack b1', 'progress b1 running', 'call_tool_res b1']));
    expect(client.results()).toHaveLength(1);
  });

  it('WIRE-O3 WIRE-C4: a queued call says its place before the ack', async () => {
    const held = new HeldTool('chat');
    const { connect: open } = create([held.tool], { sessionCap: 1, queueMax: 4 }).openSession('win');
    const client = open();
    client.ask(chat('b1', 'first'));
    client.ask(chat('b2', 'second'));
    await settled();
    held.calls[0]?.finish();
    await settled();
    held.calls[1]?.finish();
    await settled();
    expect(client.frames.filter(({ request_id }) => request_id === 'b2')).toMatchObject([
      { op: 'progress', note: 'queued', details: { position: 1 } },
      { op: 'call_tool_ack', queued: true },
      { op: 'call_tool_res', ok: true },
    ]);
  });

  it('WIRE-O1 WIRE-O5 PF-P4: without request_id one frame and nothing else, ids as given', async () => {
    const held = new HeldTool('chat');
    const { connect: open } = create([held.tool], { progressIntervalMs: 1 }).openSession('win');
    const client = open();
    client.ask({ op: 'call_tool', id: 7, name: 'chat', arguments: { stream: true } });
    client.ask({ op: 'call_tool', id: 8, name: 'gone' });
    client.ask({ op: 'call_tool', name: 'chat', arguments: {} });
    await settled();
    for (const call of held.calls) {
      call.context.reportProgress({ progress: 1 });
      call.context.streamChunk('x');
      call.finish();
    }
    await settled();
    expect(client.frames).toMatchObject([
      { op: 'call_tool_res', id: 8, ok: false, result: [{ type: 'text', text: 'There is no tool "gone".' }] },
      { op: 'call_tool_res', id: 7, ok: true, result: [{ type: 'text', text: 'chat' }] },
      { op: 'call_tool_res', request_id: null, ok: true },
    ]);
  });

  it('WIRE-O1 MAIN-concurrent PF-P1: answers come in the order of completion, both ids repeated', async () => {
    const held = new HeldTool('chat');
    const { connect: open } = create([held.tool]).openSession('win');
    const client = open();
    client.ask({ ...chat('slow', 'a'), id: 1 });
    client.ask(chat(2, 'b'));
    await settled();
    held.calls[1]?.finish();
    await settled();
    held.calls[0]?.finish();
    await settled();
    expect(client.results()).toMatchObject([{ request_id: 2 }, { request_id: 'slow', id: 1 }]);
  });
});

describe('repeated calls', () => {
  it('WIRE-O8: same id, same content, running: joins, one execution', async () => {
    const held = new HeldTool('chat');
    const { openSession, bus } = create([held.tool]);
    const client = openSession('win').connect();
    client.ask(chat('b1'));
    await settled();
    client.ask({ op: 'call_tool', arguments: { content: 'same' }, name: 'chat', request_id: 'b1' });
    await settled();
    held.calls[0]?.finish();
    await settled();
    expect(held.calls).toHaveLength(1);
    expect(client.ops()).toEqual(['call_tool_ack b1', 'progress b1 joined', 'call_tool_res b1', 'call_tool_res b1']);
    expect(client.results().map(({ from_inflight }) => from_inflight)).toEqual([undefined, true]);
    expect(bus.of('call.joined')).toHaveLength(1);
  });

  it('WIRE-O8 PF-D2: same id, same content, succeeded: the stored answer, as often as asked, until its time is over', async () => {
    const { executions, tool } = countingTool();
    const { openSession, time, bus } = create([tool]);
    const client = openSession('win').connect();
    for (let round = 0; round < 3; round += 1) {
      client.ask(chat('b1'));
      await settled();
    }
    const [first, ...rest] = client.results();
    expect(rest).toEqual([
      { ...first, from_cache: true },
      { ...first, from_cache: true },
    ]);
    expect(bus.of('result.replayed')).toHaveLength(2);
    expect(executions).toHaveLength(1);
    time.advance(ttlMs);
    client.ask(chat('b1'));
    await settled();
    expect(executions).toHaveLength(2);
    expect(client.results().at(-1)).not.toHaveProperty('from_cache');
  });

  it('WIRE-O8 PF-D8: same id, same content, failed: runs again', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool]).openSession('win').connect();
    client.ask(chat('b1'));
    await settled();
    held.calls[0]?.fail(new Error('no'));
    await settled();
    client.ask(chat('b1'));
    await settled();
    held.calls[1]?.finish();
    await settled();
    expect(client.results()).toMatchObject([{ ok: false, error: { code: 'EXEC_ERROR' } }, { ok: true }]);
  });

  it('WIRE-O8 WIRE-C3 PF-D7: same id, same content, refused: runs again', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool], { sessionCap: 1 }).openSession('win').connect();
    client.ask(chat('b0', 'other'));
    client.ask(chat('b1'));
    await settled();
    expect(client.results()).toMatchObject([
      {
        request_id: 'b1',
        error: {
          code: 'OVER_CAPACITY',
          retry_after: 1,
          details: { scope: 'session', limit: 1, inflight: 1, queued: 0 },
        },
      },
    ]);
    held.calls[0]?.finish();
    await settled();
    client.ask(chat('b1'));
    await settled();
    held.calls[1]?.finish();
    await settled();
    expect(client.results().at(-1)).toMatchObject({ request_id: 'b1', ok: true });
  });

  it('WIRE-O8: same id, other content: DUPLICATE while it runs, a new call afterwards', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool]).openSession('win').connect();
    client.ask(chat('b1', 'one'));
    await settled();
    client.ask(chat('b1', 'two'));
    expect(client.results()).toMatchObject([
      { request_id: 'b1', ok: false, error: { code: 'DUPLICATE', original_request_id: 'b1', retryable: false } },
    ]);
    held.calls[0]?.finish();
    await settled();
    client.ask(chat('b1', 'two'));
    await settled();
    held.calls[1]?.finish();
    await settled();
    expect(client.results().map(({ ok }) => ok)).toEqual([false, true, true]);
  });

  it.each(['auto', 'off'] as const)(
    'WIRE-O8: other id, same content, coalescing %s: distinct calls',
    async (coalesce) => {
      const { executions, tool } = countingTool();
      const client = create([tool], { repeats: { coalesce } }).openSession('win').connect();
      client.ask(chat('b1'));
      client.ask(chat('b2'));
      await settled();
      client.ask(chat('b3'));
      await settled();
      expect(executions).toHaveLength(3);
      expect(new Set(client.results().map(({ text }) => text)).size).toBe(3);
    },
  );

  it('WIRE-O9 WIRE-O8 PF-D9: an old shim that lost its socket asks again under a new id: one execution, adopted once', async () => {
    const held = new HeldTool('chat');
    const { peer, connect: open } = create([held.tool]).openSession('win');
    const lost = open();
    lost.ask(chat('b1'));
    await settled();
    lost.drop();
    expect(peer.inflight).toBe(1);
    const back = open(true);
    back.ask(chat('b2'));
    back.ask(chat('b3'));
    await settled();
    expect(held.calls).toHaveLength(2); // b3 is a call of its own
    for (const call of held.calls) call.finish();
    await settled();
    expect(back.results()).toMatchObject([
      { request_id: 'b2', ok: true, from_inflight: true },
      { request_id: 'b3', ok: true },
    ]);
    expect(lost.results()).toEqual([]);
  });

  it('WIRE-O9 WIRE-O8 PF-D9: … and finds an answer that came while it was away, once', async () => {
    const held = new HeldTool('chat');
    const { connect: open } = create([held.tool]).openSession('win');
    const lost = open();
    lost.ask(chat('b1'));
    await settled();
    lost.drop();
    held.calls[0]?.finish(textResult('kept'));
    await settled();
    const back = open(true);
    back.ask(chat('b2'));
    back.ask(chat('b3'));
    await settled();
    expect(back.results()).toMatchObject([{ request_id: 'b2', text: 'kept', from_cache: true }]);
    expect(held.calls).toHaveLength(2);
  });

  it('WIRE-O8: with coalescing off, or on a connection that is not re-attached, it is a call of its own', async () => {
    for (const [coalesce, isReattached] of [
      ['off', true],
      ['auto', false],
    ] as const) {
      const held = new HeldTool('chat');
      const { connect: open } = create([held.tool], { repeats: { coalesce } }).openSession('win');
      const lost = open();
      lost.ask(chat('b1'));
      await settled();
      lost.drop();
      open(isReattached).ask(chat('b2'));
      await settled();
      expect(held.calls).toHaveLength(2);
    }
  });

  it('WIRE-O8: coalescing on: joins the running twin, then gets its stored success', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool], { repeats: { coalesce: 'on' } })
      .openSession('win')
      .connect();
    client.ask(chat('b1'));
    client.ask(chat('b2'));
    await settled();
    held.calls[0]?.finish();
    await settled();
    client.ask(chat('b3'));
    await settled();
    expect(held.calls).toHaveLength(1);
    expect(client.results()).toMatchObject([
      { request_id: 'b1' },
      { request_id: 'b2', from_inflight: true },
      { request_id: 'b3', from_cache: true },
    ]);
  });

  it('WIRE-O8: excepted tools are not coalesced', async () => {
    const { executions, tool } = countingTool();
    const client = create([tool], { repeats: { coalesce: 'on', neverCoalesceTools: new Set(['chat']) } })
      .openSession('win')
      .connect();
    client.ask(chat('b1'));
    client.ask(chat('b2'));
    await settled();
    expect(executions).toHaveLength(2);
  });

  it('WIRE-O8 PF-D4: fifty calls without an id run, and each gets its own answer', async () => {
    const { executions, tool } = countingTool();
    const client = create([tool], { repeats: { coalesce: 'on' } })
      .openSession('win')
      .connect();
    for (let count = 0; count < 50; count += 1) client.ask(chat(null));
    await settled();
    expect(executions).toHaveLength(50);
    expect(new Set(client.results().map(({ text }) => text)).size).toBe(50);
  });

  it('WIRE-O8 WIRE-O10 PF-D3 PF-D5: same id and content in another session is unrelated, always', async () => {
    const { executions, tool } = countingTool();
    const { openSession } = create([tool], { repeats: { coalesce: 'on' } });
    const windows = ['one', 'two'].map((name) => openSession(name).connect());
    for (const client of windows) client.ask(chat(1));
    await settled();
    expect(executions).toHaveLength(2);
    expect(windows.map((client) => client.results()[0]?.['text'])).toEqual(['answer 1', 'answer 2']);
  });

  it('PF-D2: the same refusal twice is two frames', async () => {
    const client = create([]).openSession('win').connect();
    client.ask(chat('b1'));
    client.ask(chat('b1'));
    await settled();
    const [first, second] = client.results();
    expect(first).toMatchObject({ error: { code: 'TOOL_NOT_FOUND' } });
    expect(second).toMatchObject({ error: { code: 'TOOL_NOT_FOUND' } });
  });
});

describe('cancel', () => {
  it('WIRE-O11: a cancel that comes before the answer of a tool that is done already is owed CANCELLED', async () => {
    const { executions, tool } = countingTool();
    const { connect: open } = create([tool]).openSession('win');
    const client = open();
    client.ask(chat('b1'));
    client.ask({ op: 'cancel', request_id: 'c1', target: 'b1' }); // of the same chunk of bytes: nothing ran in between
    await settled();
    expect(client.frames).toMatchObject([
      { op: 'call_tool_ack', request_id: 'b1' },
      { op: 'cancelled', request_id: 'c1', found: true },
      { op: 'call_tool_res', request_id: 'b1', ok: false, error: { code: 'CANCELLED' } },
    ]);
    client.ask(chat('b1')); // the result was not kept
    await settled();
    expect(executions).toHaveLength(2);
  });

  it('WIRE-O11 PF-X1: running: found, the tool is aborted, one result; then it is unknown', async () => {
    const held = new HeldTool('chat');
    const { openSession, limiter } = create([held.tool]);
    const client = openSession('win').connect();
    client.ask(chat('b1'));
    await settled();
    client.ask({ op: 'cancel', request_id: 'c9', target: 'b1' });
    expect(held.calls[0]?.context.signal.aborted).toBe(true);
    await settled();
    client.ask({ op: 'cancel', request_id: 'c10', target: 'b1' });
    expect(client.frames).toMatchObject([
      { op: 'call_tool_ack' },
      { op: 'cancelled', request_id: 'c9', target: 'b1', ok: true, found: true, timestamp: expect.any(Number) },
      { op: 'call_tool_res', request_id: 'b1', ok: false, error: { code: 'CANCELLED' } },
      { op: 'cancelled', request_id: 'c10', found: false },
    ]);
    expect(limiter.snapshot().global.inflight).toBe(0);
  });

  it('WIRE-O11: queued: found, never runs; its id may be used again', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool], { sessionCap: 1, queueMax: 4 }).openSession('win').connect();
    client.ask(chat('b1', 'one'));
    client.ask(chat('b2', 'two'));
    await settled();
    client.ask({ op: 'cancel', request_id: 'b2' }); // profile D: the id of the frame is the call's
    await settled();
    expect(client.frames.slice(-2)).toMatchObject([
      { op: 'cancelled', request_id: 'b2', target: 'b2', found: true },
      { op: 'call_tool_res', request_id: 'b2', error: { code: 'CANCELLED' } },
    ]);
    held.calls[0]?.finish();
    await settled();
    client.ask(chat('b2', 'two'));
    await settled();
    expect(held.calls).toHaveLength(2);
  });

  it('WIRE-O11: finished, unknown, or of another session: not found, nothing happens', async () => {
    const held = new HeldTool('chat');
    const { openSession } = create([held.tool]);
    const [client, other] = [openSession('one').connect(), openSession('two').connect()];
    client.ask(chat('b1'));
    await settled();
    other.ask({ op: 'cancel', request_id: 1, target: 'b1' });
    expect(other.frames).toMatchObject([{ op: 'cancelled', found: false }]);
    expect(held.calls[0]?.context.signal.aborted).toBe(false);
    held.calls[0]?.finish();
    await settled();
    client.ask({ op: 'cancel', request_id: 2, target: 'b1' });
    client.ask({ op: 'cancel', request_id: 3, target: 'never' });
    expect(client.frames.slice(-2)).toMatchObject([{ found: false }, { found: false }]);
  });

  it('WIRE-O11: a joined call goes on until its last asker cancels', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool], { repeats: { coalesce: 'on' } })
      .openSession('win')
      .connect();
    for (const id of ['b1', 'b2', 'b3']) client.ask(chat(id));
    await settled();
    client.ask({ op: 'cancel', request_id: 'c', target: 'b1' });
    expect(client.results()).toMatchObject([{ request_id: 'b1', error: { code: 'CANCELLED' } }]);
    expect(held.calls[0]?.context.signal.aborted).toBe(false);
    client.ask({ op: 'cancel', request_id: 'c', target: 'b2' });
    client.ask({ op: 'cancel', request_id: 'c', target: 'b3' });
    expect(held.calls[0]?.context.signal.aborted).toBe(true);
    await settled();
    expect(client.results()).toMatchObject(
      ['b1', 'b2', 'b3'].map((request_id) => ({ request_id, error: { code: 'CANCELLED' } })),
    );
  });
});

describe('the session of the calls', () => {
  it('PF-L5 PF-R6: a client that leaves in mid-call finds its answer under the same id', async () => {
    const held = new HeldTool('chat');
    const { connect: open } = create([held.tool], { repeats: { ttlMs: 0 } }).openSession('win');
    const lost = open();
    lost.ask(chat('b1'));
    await settled();
    lost.drop();
    held.calls[0]?.context.reportProgress({ progress: 1 });
    held.calls[0]?.finish(textResult('kept'));
    await settled();
    const back = open(true);
    back.ask(chat('b1'));
    expect(back.results()).toMatchObject([{ request_id: 'b1', text: 'kept', from_cache: true }]);
    expect(held.calls).toHaveLength(1);
  });

  it('PF-X3: when the session ends its calls are aborted, and nobody is answered', async () => {
    const held = new HeldTool('chat');
    const { openSession, limiter } = create([held.tool]);
    const { session, peer, connect: open } = openSession('win');
    const client = open();
    client.ask(chat('b1'));
    client.ask(chat(null));
    await settled();
    session.markEnded();
    peer.onEnded();
    await settled();
    expect(held.calls.map(({ context }) => context.signal.aborted)).toEqual([true, true]);
    expect(client.results()).toEqual([]);
    expect(peer.inflight).toBe(0);
    expect(limiter.snapshot().global.inflight).toBe(0);
  });

  it('WIRE-C1: the open requests of one connection are bounded', async () => {
    const held = new HeldTool('chat');
    const client = create([held.tool], { maxOpen: 2 }).openSession('win').connect();
    for (const id of [1, 2, 3]) client.ask(chat(id, `${id}`));
    expect(client.results()).toMatchObject([
      { request_id: 3, error: { code: 'OVER_CAPACITY', details: { scope: 'session', limit: 2, inflight: 2 } } },
    ]);
    await settled();
  });

  it('WIRE-H5: a user whose token has expired is told so; the skew is granted', () => {
    const now = Date.now() / 1000;
    for (const [expiresAt, isRefused] of [
      [now - 30, false],
      [now - 90, true],
    ] as const) {
      const client = create([fakeTool('chat')], { owner: userOwner('ana', expiresAt) })
        .openSession('win')
        .connect();
      client.ask(chat('b1'));
      expect(client.results().length === 1).toBe(isRefused);
    }
  });

  it('PF-S3: swept answers are gone', async () => {
    const { executions, tool } = countingTool();
    const { openSession, time } = create([tool]);
    const { peer, connect: open } = openSession('win');
    const client = open();
    client.ask(chat('b1'));
    await settled();
    peer.sweep();
    client.ask(chat('b1'));
    await settled();
    expect(executions).toHaveLength(1);
    time.advance(ttlMs);
    peer.sweep();
    client.ask(chat('b1'));
    await settled();
    expect(executions).toHaveLength(2);
  });
});
