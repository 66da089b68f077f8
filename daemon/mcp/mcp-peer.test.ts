import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvelope } from '../../protocol/envelope.ts';
import type { Hello } from '../../protocol/hello.ts';
import { CallJournal } from '../calls/call-journal.ts';
import { Dispatcher } from '../calls/dispatcher.ts';
import { Limiter } from '../calls/limiter.ts';
import { ResumeBudget } from '../sessions/resume-budget.ts';
import { ResumeBuffer } from '../sessions/resume-buffer.ts';
import type { SessionOwner } from '../sessions/session.ts';
import { hubOf } from '../testing/hub.ts';
import { RecordedBus } from '../testing/recorded-bus.ts';
import { hello, standaloneSession, userOwner } from '../testing/sessions.ts';
import { fakeTool, HeldTool, textResult } from '../testing/tools.ts';
import type { Tool } from '../tools/tool.ts';
import { McpPeer } from './mcp-peer.ts';

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
  readonly params?: Readonly<Record<string, unknown>>;
}

interface Setup {
  readonly hello?: Hello;
  readonly owner?: SessionOwner;
  readonly isResumable?: boolean;
  readonly progressIntervalMs?: number;
  readonly maxFrameBytes?: number;
  readonly sessionCap?: number;
  readonly queueMax?: number;
  readonly monotonicNow?: () => number;
}

const shimId = '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11';
const nowMs = 1_790_000_000_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'exai-mcp-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function create(tools: readonly Tool[], setup: Setup = {}) {
  const { sessionCap = 8, queueMax = 0 } = setup;
  const bus = new RecordedBus();
  const limiter = new Limiter({
    caps: { session: sessionCap, global: 300, providers: {} },
    queue: { max: queueMax, waitMs: 30_000 },
    retryAfterMs: 1000,
  });
  const hub = hubOf(tools);
  const dispatcher = new Dispatcher({
    tools: hub.aggregate,
    limiter,
    bus,
    callTimeoutMs: 120_000,
    cancelGraceMs: 5000,
    progressIntervalMs: setup.progressIntervalMs ?? 60_000,
    retryAfterMs: 1000,
    toolCallMaxBytes: 1_000_000,
    providerOf: () => null,
  });
  const session = standaloneSession('win', {
    hello: setup.hello ?? hello({ shimId, mode: 'mcp' }),
    ...(setup.owner === undefined ? {} : { owner: setup.owner }),
  });
  const journalPath = join(directory, 'calls-run.jsonl');
  const journal = new CallJournal(journalPath, (error) => {
    throw error;
  });
  journal.open();
  const buffer = new ResumeBuffer(
    { maxFrames: 256, maxBytes: 10_000_000, maxRememberedIds: 100 },
    new ResumeBudget(10_000_000),
  );
  let confirmations = 0;
  const peer = new McpPeer({
    session,
    dispatcher,
    hub,
    bus,
    maxFrameBytes: setup.maxFrameBytes ?? 32 * 1024 * 1024,
    resumable: setup.isResumable === false ? null : { buffer, journal, shimId },
    onConfirmed: () => {
      confirmations += 1;
      session.isConfirmed = true;
    },
    longestCallMs: 120_000,
    now: () => nowMs,
    monotonicNow: setup.monotonicNow ?? (() => nowMs),
  });
  session.peer = peer;
  const sent: Message[] = [];
  const attach = (): void =>
    peer.attach({ sendMessage: (text) => sent.push(JSON.parse(Buffer.from(text).toString('utf8')) as Message) });
  attach();
  const send = (message: unknown): void => {
    const bytes = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    peer.receive(bytes, readEnvelope(bytes));
  };
  const request = (id: unknown, method: string, params?: unknown): void => send({ jsonrpc: '2.0', id, method, params });
  const callChat = (id: unknown, meta?: object): void =>
    request(id, 'tools/call', { name: 'chat', arguments: {}, _meta: meta });
  const notify = (method: string, params?: unknown): void => send({ jsonrpc: '2.0', method, params });
  return {
    peer,
    session,
    bus,
    limiter,
    buffer,
    sent,
    attach,
    send,
    request,
    callChat,
    notify,
    confirmations: () => confirmations,
    closeJournal: () => journal.close(),
    journal: () =>
      readFileSync(journalPath, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as object),
    answer: (id: unknown) => sent.find((message) => message.id === id && message.method === undefined),
  };
}

/** Lets everything that has been settled take effect. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('initialize', () => {
  it('MAIN-server-name MAIN-two-windows: each instance has its own name, and the revision that was asked for', () => {
    const { request, sent, session, bus } = create([], {
      hello: hello({ shimId, instance: { serverId: 'exai-ws-vscode1', serverName: 'EXAI-WS-VSCode1' } }),
    });
    request(0, 'initialize', {
      protocolVersion: '2025-03-26',
      capabilities: {},
      clientInfo: { name: 'vscode', version: '1.2' },
    });
    expect(sent).toEqual([
      {
        jsonrpc: '2.0',
        id: 0,
        result: {
          protocolVersion: '2025-03-26',
          capabilities: {
            tools: { listChanged: true },
            prompts: { listChanged: true },
            resources: { subscribe: true, listChanged: true },
            completions: {},
            logging: {},
          },
          serverInfo: { name: 'exai-ws-vscode1', title: 'EXAI', version: expect.any(String) },
          instructions: 'EXAI tools for the window EXAI-WS-VSCode1.',
        },
      },
    ]);
    expect(session.client).toEqual({ name: 'vscode', version: '1.2' });
    expect(bus.of('session.identified')).toMatchObject([
      { protocolVersion: '2025-03-26', session: { clientName: 'vscode' } },
    ]);
  });

  it.each(['2099-01-01', undefined, 7])('WIRE-H8: for revision %j the newest is offered', (protocolVersion) => {
    const { request, answer } = create([]);
    request('init', 'initialize', { protocolVersion });
    expect(answer('init')?.result).toMatchObject({ protocolVersion: '2025-11-25', serverInfo: { name: 'exai' } });
  });

  it('SHIM-S18: a window is confirmed by initialize and one list or call, in any order but not without', () => {
    for (const second of ['tools/list', 'tools/call', 'prompts/list', 'resources/list', 'resources/templates/list']) {
      const { request, confirmations } = create([]);
      request(1, second);
      request(2, 'ping');
      expect(confirmations()).toBe(0);
      request(3, 'initialize', {});
      request(4, 'ping');
      expect(confirmations()).toBe(0);
      request(5, second);
      request(6, second);
      expect(confirmations()).toBe(1);
    }
  });

  it('WIRE-M3 SHIM-S5: a handshake that happened elsewhere is taken over', () => {
    const { peer, sent, session, request, confirmations } = create([]);
    peer.announceLists();
    peer.restore({
      daemonRunId: 'r',
      pending: [],
      protocolVersion: '2025-06-18',
      initialize: { clientInfo: { name: 'zed' } },
    });
    peer.announceLists();
    expect(session.client.name).toBe('zed');
    expect(sent.map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
    ]);
    request(1, 'tools/list');
    expect(confirmations()).toBe(1);
  });
});

describe('requests', () => {
  it.each([
    ['ping', {}],
    ['logging/setLevel', {}],
    ['prompts/list', { prompts: [] }],
    ['resources/list', { resources: [] }],
    ['resources/templates/list', { resourceTemplates: [] }],
  ])('SHIM-S16: %s is answered, lists we did not declare are empty', async (method, result) => {
    const { request, sent } = create([]);
    request(1, method, { level: 'info' });
    await expect.poll(() => sent).toEqual([{ jsonrpc: '2.0', id: 1, result }]);
  });

  it('PF-P9: the real list of tools; an unknown method is −32601', async () => {
    const { request, answer } = create([fakeTool('chat')]);
    request(1, 'tools/list');
    request(2, 'server/discover');
    request(3, 'prompts/get', { name: 'x' });
    request(4, 'resources/read', { uri: 'file:///x' });
    expect(answer(1)?.result).toMatchObject({ tools: [{ name: 'chat', inputSchema: { type: 'object' } }] });
    expect(answer(2)?.error).toMatchObject({
      code: -32601,
      message: 'The method "server/discover" does not exist here.',
      data: { code: 'METHOD_NOT_FOUND' },
    });
    await expect.poll(() => answer(4)).toBeDefined();
    expect(answer(3)?.error).toMatchObject({ code: -32602, data: { code: 'NOT_FOUND' } });
    expect(answer(4)?.error).toMatchObject({ code: -32602, data: { code: 'NOT_FOUND' } });
  });

  it.each([0, 'a', '', -1.5])('SHIM-S16 PF-P5: id %j comes back as it is', async (id) => {
    const { callChat, sent } = create([fakeTool('chat')]);
    callChat(id);
    await settled();
    expect(sent).toEqual([{ jsonrpc: '2.0', id, result: textResult('chat') }]);
  });

  it('MAIN-concurrent PF-P1 PF-P5: a running call holds up nothing; answers come in order of completion', async () => {
    const held = new HeldTool('chat');
    const { callChat, request, sent, peer } = create([held.tool, fakeTool('fast')]);
    callChat(1);
    request(2, 'tools/call', { name: 'fast' });
    request(3, 'ping');
    await settled();
    expect(peer.inflight).toBe(1);
    held.calls[0]?.finish();
    await settled();
    expect(sent.map(({ id }) => id)).toEqual([3, 2, 1]);
    expect(peer.inflight).toBe(0);
  });

  it('WIRE-C1 WIRE-C5: failures of a call are JSON-RPC errors, failures of the tool are results', async () => {
    const held = new HeldTool('chat');
    const { callChat, request, answer } = create([held.tool, fakeTool('bad', () => Promise.reject(new Error('no')))], {
      sessionCap: 1,
    });
    request(1, 'tools/call', { name: 'bad' });
    await settled();
    callChat(2);
    callChat(3);
    request(4, 'tools/call', { name: 'gone' });
    request(5, 'tools/call', { arguments: {} });
    await settled();
    expect(answer(1)?.result).toMatchObject({ isError: true, content: [{ text: 'no' }] });
    expect(answer(3)?.error).toMatchObject({
      code: 429,
      data: {
        code: 'OVER_CAPACITY',
        scope: 'session',
        limit: 1,
        inflight: 1,
        queued: 0,
        retryAfterMs: 1000,
        retryable: true,
      },
    });
    expect(answer(4)?.error).toMatchObject({ code: -32602, data: { code: 'TOOL_NOT_FOUND' } });
    expect(answer(5)?.error).toMatchObject({ code: -32602, data: { code: 'VALIDATION_ERROR' } });
  });

  it('WIRE-C1: at most 256 requests are open', async () => {
    const held = new HeldTool('chat');
    const { callChat, answer } = create([held.tool], { sessionCap: 300 });
    for (let id = 0; id < 257; id += 1) callChat(id);
    await settled();
    expect(held.calls).toHaveLength(256);
    expect(answer(256)?.error).toMatchObject({ code: 429, data: { scope: 'session', limit: 256, inflight: 256 } });
  });

  it('WIRE-H5: a user whose token has expired is told so; the skew is granted', () => {
    for (const [expiresAt, code] of [
      [nowMs / 1000 - 60, undefined],
      [nowMs / 1000 - 61, 401],
    ] as const) {
      const { request, answer } = create([], { owner: userOwner('ana', expiresAt) });
      request(1, 'tools/list');
      expect(answer(1)?.error?.code).toBe(code);
    }
  });
});

describe('what is counted of a request', () => {
  it('WIRE-8.4: the time to its answer, of a call as well; none for what is no answer', async () => {
    const held = new HeldTool('chat');
    let now = 1_000;
    const { request, notify, callChat, bus, peer } = create([held.tool], { monotonicNow: () => now });
    request(1, 'ping');
    callChat(2);
    await settled();
    now += 2_500;
    held.calls[0]?.finish(textResult('ok'));
    await settled();
    request(3, 'nonsense');
    notify('notifications/initialized');
    peer.answerLost(4, 'expired');
    expect(bus.of('message.sent')).toMatchObject([
      { kind: 'response', answerTo: 'request', latencyMs: 0 },
      { kind: 'response', answerTo: 'request', latencyMs: 2_500 },
      { kind: 'error', answerTo: 'request', latencyMs: 0 },
      { kind: 'error' },
    ]);
    expect(bus.of('message.sent').at(-1)).not.toHaveProperty('latencyMs');
  });

  it('WIRE-8.4: the scheme of a resource that is not there, and its error', async () => {
    const { request, bus, answer } = create([]);
    request(1, 'resources/read', { uri: 'file:///home/ana/secret.txt' });
    request(2, 'resources/read', {});
    await expect.poll(() => answer(2)).toBeDefined();
    expect(answer(1)?.error?.data).toMatchObject({ code: 'NOT_FOUND' });
    expect(bus.of('resource.read')).toEqual([
      { type: 'resource.read', scheme: 'file', clientName: 'unknown', errorCode: 'NOT_FOUND' },
      { type: 'resource.read', scheme: 'none', clientName: 'unknown', errorCode: 'NOT_FOUND' },
    ]);
  });
});

describe('bad messages', () => {
  it.each([
    ['not JSON', 'oops', null, -32700],
    ['half a message', '{"jsonrpc":"2.0","id":1', null, -32700],
    ['parameters that are not JSON', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{x}}', 1, -32700],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', null, -32600],
    ['an empty batch', '[]', null, -32600],
    ['a scalar', '7', null, -32600],
    ['no method', '{"jsonrpc":"2.0","id":1}', 1, -32600],
    ['a method of the wrong type', '{"jsonrpc":"2.0","id":1,"method":5}', 1, -32600],
    ['no version', '{"id":1,"method":"ping"}', 1, -32600],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}', 1, -32600],
    ['id null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', null, -32600],
    ['id true', '{"jsonrpc":"2.0","id":true,"method":"ping"}', null, -32600],
    ['id object', '{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}', null, -32600],
    ['an id that cannot be repeated', '{"jsonrpc":"2.0","id":1e999,"method":"ping"}', null, -32600],
  ])('BAD-not-json BAD-not-object BAD-id-type: %s', (_what, text, id, code) => {
    const { send, sent } = create([]);
    send(text);
    expect(sent).toMatchObject([
      { jsonrpc: '2.0', id, error: { code, data: { code: 'INVALID_REQUEST', retryable: false, mayHaveRun: false } } },
    ]);
  });

  it('BAD-duplicate-id: an id in flight is refused, its call goes on; afterwards the id is free', async () => {
    const held = new HeldTool('chat');
    const { callChat, request, sent, buffer } = create([held.tool]);
    callChat(1);
    await settled();
    callChat(1);
    request(1, 'ping');
    callChat('1');
    await settled();
    expect(sent).toMatchObject([
      { id: 1, error: { code: -32600, data: { code: 'INVALID_REQUEST' } } },
      { id: 1, error: { code: -32600 } },
    ]);
    expect(held.calls).toHaveLength(2);
    expect(held.calls[0]?.context.signal.aborted).toBe(false);
    expect(buffer.answer(1).type).toBe('never-seen'); // the refusal is not the answer that a resume would repeat
    held.calls[0]?.finish();
    await settled();
    callChat(1);
    await settled();
    expect(held.calls).toHaveLength(3);
  });

  it('SHIM-S16: unknown notifications and stray responses are ignored without a word', () => {
    const { notify, send, sent, bus } = create([]);
    notify('notifications/initialized');
    notify('notifications/whatever', { a: 1 });
    send({ jsonrpc: '2.0', id: 5, result: {} });
    send({ jsonrpc: '2.0', id: 'exai-1', error: { code: 1, message: '' } });
    expect(sent).toEqual([]);
    expect(bus.of('frame.ignored')).toHaveLength(2);
  });
});

describe('cancellation', () => {
  it('PF-X1 WIRE-M7: only the call with that id ends, and gets no answer', async () => {
    const held = new HeldTool('chat');
    const { callChat, notify, sent, limiter, buffer } = create([held.tool]);
    callChat(1);
    callChat('1');
    await settled();
    notify('notifications/cancelled', { requestId: 1, reason: 'user' });
    await settled();
    expect(held.calls.map(({ context }) => context.signal.aborted)).toEqual([true, false]);
    held.calls[1]?.finish();
    await settled();
    expect(sent.map(({ id }) => id)).toEqual(['1']);
    expect(buffer.answer(1).type).toBe('never-seen');
    expect(limiter.snapshot().global.inflight).toBe(0);
  });

  it('PF-X1: a waiting call is cancelled as well, and never runs', async () => {
    const held = new HeldTool('chat');
    const { callChat, notify, sent } = create([held.tool], { sessionCap: 1, queueMax: 4 });
    callChat(1);
    callChat(2);
    await settled();
    notify('notifications/cancelled', { requestId: 2 });
    await settled();
    held.calls[0]?.finish();
    await settled();
    expect(held.calls).toHaveLength(1);
    expect(sent.map(({ id }) => id)).toEqual([1]);
  });

  it.each([undefined, {}, { requestId: 99 }, { requestId: null }, { requestId: {} }])(
    'SHIM-S16: a cancel of nothing (%j) is ignored',
    async (params) => {
      const held = new HeldTool('chat');
      const { callChat, notify, sent } = create([held.tool]);
      callChat(1);
      await settled();
      notify('notifications/cancelled', params);
      expect(held.calls[0]?.context.signal.aborted).toBe(false);
      expect(sent).toEqual([]);
    },
  );

  it('WIRE-M5: what the client no longer waits for when it is back is cancelled', async () => {
    const held = new HeldTool('chat');
    const { callChat, peer, sent } = create([held.tool]);
    callChat(1);
    callChat(2);
    await settled();
    peer.cancelAllBut([2]);
    await settled();
    expect(held.calls.map(({ context }) => context.signal.aborted)).toEqual([true, false]);
    expect(sent).toEqual([]);
  });

  it('PF-X3: when the session ends its calls are aborted and nobody is answered', async () => {
    const held = new HeldTool('chat');
    const { callChat, peer, session, sent, limiter, buffer, request } = create([held.tool]);
    request(0, 'ping');
    callChat(1);
    await settled();
    session.markEnded();
    peer.onEnded();
    await settled();
    expect(held.calls[0]?.context.signal.aborted).toBe(true);
    expect(sent.map(({ id }) => id)).toEqual([0]);
    expect(buffer.bytes).toBe(0);
    expect(limiter.snapshot().global.inflight).toBe(0);
  });
});

describe('progress', () => {
  it('SHIM-S17: a silent call with a token beats, and every value is greater than the one before', async () => {
    const held = new HeldTool('chat');
    const { callChat, sent } = create([held.tool], { progressIntervalMs: 2 });
    callChat(1, { progressToken: 'p' });
    await expect.poll(() => sent.length).toBeGreaterThanOrEqual(2);
    const context = held.calls[0]?.context;
    context?.reportProgress({ message: 'thinking' });
    context?.reportProgress({ message: 'still thinking' });
    context?.reportProgress({ progress: 1, total: 3, message: 'step 1' });
    const before = sent.length;
    await expect.poll(() => sent.length).toBeGreaterThanOrEqual(before + 2);
    context?.reportProgress({ progress: 2, total: 3 });
    held.calls[0]?.finish();
    await settled();
    const notifications = sent.filter(({ method }) => method === 'notifications/progress');
    expect(sent.slice(0, -1)).toEqual(notifications);
    expect(sent.at(-1)).toMatchObject({ id: 1, result: textResult('chat') });
    expect(notifications.every(({ params }) => params?.['progressToken'] === 'p')).toBe(true);
    const values = notifications.map(({ params }) => params?.['progress'] as number);
    expect(values.every((value, index) => index === 0 || value > (values[index - 1] ?? Infinity))).toBe(true);
    expect(notifications.map(({ params }) => params)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ message: 'thinking' }),
        expect.objectContaining({ message: 'still thinking' }),
        { progressToken: 'p', progress: 1, total: 3, message: 'step 1' },
        { progressToken: 'p', progress: 2, total: 3 },
      ]),
    );
  });

  it('SHIM-S17: a beat never overtakes: where a number cannot express the step there is none', async () => {
    const held = new HeldTool('chat');
    const { callChat, sent } = create([held.tool]);
    callChat(1, { progressToken: 7 });
    await settled();
    held.calls[0]?.context.reportProgress({ progress: 1e15 });
    held.calls[0]?.context.reportProgress({ message: 'lost' });
    expect(sent.map(({ params }) => params)).toEqual([{ progressToken: 7, progress: 1e15 }]);
  });

  it('SHIM-S17: without a token there is no progress', async () => {
    const held = new HeldTool('chat');
    const { callChat, sent } = create([held.tool]);
    callChat(1);
    callChat(2, { progressToken: null });
    await settled();
    for (const { context } of held.calls) context.reportProgress({ progress: 1 });
    expect(sent).toEqual([]);
  });

  it('WIRE-C4 SHIM-S17: a waiting call says its place', async () => {
    const held = new HeldTool('chat');
    const { callChat, sent } = create([held.tool], { sessionCap: 1, queueMax: 4 });
    callChat(1);
    callChat(2, { progressToken: 'p' });
    await settled();
    expect(sent.map(({ params }) => params)).toEqual([
      { progressToken: 'p', progress: 1e-6, message: 'waiting, position 1' },
    ]);
  });
});

describe('a client that is away', () => {
  it('WIRE-M2 PF-R6 MAIN-exactly-once: its answer waits, byte for byte, until it is confirmed', async () => {
    const held = new HeldTool('chat');
    const { callChat, peer, sent, attach } = create([held.tool]);
    callChat(1);
    await settled();
    expect(peer.pendingState(1)).toEqual({ type: 'running', remainingMs: 120_000 });
    peer.onDetached();
    held.calls[0]?.finish();
    await settled();
    expect(sent).toEqual([]);
    const state = peer.pendingState(1);
    attach();
    if (state.type === 'stored') peer.sendStored(state.bytes);
    expect(sent).toEqual([{ jsonrpc: '2.0', id: 1, result: textResult('chat') }]);
    peer.confirmReceived([1]);
    expect(peer.pendingState(1)).toEqual({ type: 'never-seen' });
  });

  it('WIRE-M2: progress waits as well; a direct client has no second chance', async () => {
    for (const isResumable of [true, false]) {
      const held = new HeldTool('chat');
      const { callChat, peer, sent, attach } = create([held.tool], { isResumable });
      callChat(1, { progressToken: 'p' });
      await settled();
      peer.onDetached();
      held.calls[0]?.context.reportProgress({ progress: 1 });
      held.calls[0]?.finish();
      await settled();
      attach();
      peer.sendMissedNotifications();
      expect(sent.map(({ method }) => method)).toEqual(isResumable ? ['notifications/progress'] : []);
      expect(peer.pendingState(1).type).toBe(isResumable ? 'stored' : 'never-seen');
    }
  });

  it('WIRE-M3 MAIN-honest-crash: the journal has a start before and an end after every call that is not safe', async () => {
    const held = new HeldTool('chat');
    const safe = new HeldTool('look', { traits: { annotations: { readOnlyHint: true } } });
    const { callChat, request, journal, closeJournal, send } = create([held.tool, safe.tool]);
    callChat('a-3');
    request(2, 'tools/call', { name: 'look' });
    request(3, 'tools/list');
    await settled();
    expect(journal()).toMatchObject([{ e: 'start', shim: shimId, id: 'a-3', call: 'c_1', safe: false }]);
    send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'a-3' } });
    await settled();
    closeJournal();
    expect(journal()).toMatchObject([{ e: 'start' }, { e: 'end', call: 'c_1' }]);
  });

  it('WIRE-C3 WIRE-M3: a refused call leaves no entry', async () => {
    const held = new HeldTool('chat');
    const { callChat, journal } = create([held.tool], { sessionCap: 1 });
    callChat(1);
    callChat(2);
    await settled();
    expect(journal()).toHaveLength(1);
  });

  it('WIRE-M2 WIRE-M3: what is lost is answered honestly', () => {
    const { peer, sent } = create([]);
    peer.answerLost(1, 'expired');
    peer.answerLost('b', 'may-have-run');
    expect(sent).toMatchObject([
      { id: 1, error: { code: 410, data: { code: 'RESULT_EXPIRED', mayHaveRun: true, retryable: false } } },
      { id: 'b', error: { code: 503, data: { code: 'DAEMON_RESTARTED', mayHaveRun: true, retryable: false } } },
    ]);
  });
});

describe('oversized results', () => {
  const text = 'é'.repeat(100_000);

  it('SHIM-S14 SHIM-S15: are replaced, and read in parts that fit', async () => {
    const { callChat, request, answer, bus } = create([fakeTool('chat', () => textResult(text))], {
      maxFrameBytes: 128 * 1024,
    });
    callChat(1);
    await settled();
    const result = answer(1)?.result as { content: readonly { text?: string; uri?: string }[]; _meta: object };
    expect(result._meta).toMatchObject({ 'exai-tray/truncated': { limit: 128 * 1024 } });
    let whole = '';
    let uri = result.content[2]?.uri;
    for (let id = 2; uri !== undefined; id += 1) {
      request(id, 'resources/read', { uri });
      const read = answer(id)?.result as {
        contents: [{ text: string; _meta: { 'exai-tray/part': { next?: string } } }];
      };
      expect(Buffer.byteLength(JSON.stringify(answer(id)))).toBeLessThanOrEqual(128 * 1024);
      whole += read.contents[0].text;
      uri = read.contents[0]._meta['exai-tray/part'].next;
    }
    expect(whole === text).toBe(true);
    const reads = bus.of('resource.read');
    expect(reads.length).toBeGreaterThan(1);
    for (const read of reads) expect(read).toMatchObject({ scheme: 'exai', errorCode: null });
  });

  it('SHIM-S14: just below the limit, or to a client that reads long lines, they go out as they are', async () => {
    const tool = fakeTool('chat', () => textResult('x'.repeat(9 * 1024 * 1024)));
    const { callChat, request, answer } = create([tool]);
    callChat(1);
    await settled();
    expect(answer(1)?.result).toHaveProperty('_meta');
    request(2, 'initialize', { clientInfo: { name: 'claude-code' } });
    callChat(3);
    await settled();
    expect(answer(3)?.result).not.toHaveProperty('_meta');
  });
});
