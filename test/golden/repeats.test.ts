import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { callTool, executionsIn, inflight, opsOf, resultsOf, runningCall, startCall } from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

const countDir = mkdtempSync(join(tmpdir(), 'exai-golden-'));
afterAll(() => rmSync(countDir, { recursive: true, force: true }));

describe('repeats', () => {
  const countFile = join(countDir, 'repeats');
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_TEST_COUNT_FILE: countFile, EXAI_WS_SESSION_MAX_INFLIGHT: '60', EXAI_WS_GLOBAL_MAX_INFLIGHT: '60' },
  });
  /** Runs `work` and says how many executions it caused. */
  const counted = async <T>(work: () => Promise<T>) => {
    const before = executionsIn(countFile);
    const value = await work();
    return { value, executions: executionsIn(countFile) - before };
  };

  it('WIRE-O8: same id, same content, running: joins, one execution', async () => {
    const client = await shared.session();
    const { executions } = await counted(async () => {
      await runningCall(client, 'j', 'count', { ms: 300, a: 1, b: { y: 1, x: 2 } });
      startCall(client, 'j', 'count', { b: { x: 2, y: 1 }, a: 1, ms: 300 });
      await client.frame({ op: 'progress', request_id: 'j', note: 'joined' });
      await client.frame({ op: 'call_tool_res', from_inflight: true });
    });
    expect(executions).toBe(1);
    const results = await resultsOf(client, 'j', 2);
    expect(results).toHaveLength(2);
    expect(results[0]).not.toHaveProperty('from_inflight');
    expect({ ...results[1], from_inflight: undefined }).toEqual({ ...results[0], from_inflight: undefined });
    expect(opsOf(client, 'j').filter((op) => op === 'call_tool_ack')).toHaveLength(1);
  });

  it('WIRE-O8 PF-D2: same id, same content, succeeded: the stored payload, every time', async () => {
    const client = await shared.session();
    const { executions } = await counted(async () => {
      await callTool(client, 's', 'count');
      startCall(client, 's', 'count');
      startCall(client, 's', 'count');
      await resultsOf(client, 's', 3);
    });
    expect(executions).toBe(1);
    const [first, ...again] = await resultsOf(client, 's', 3);
    expect(again).toEqual([
      { ...first, from_cache: true },
      { ...first, from_cache: true },
    ]);
    expect(opsOf(client, 's')).toEqual(['call_tool_ack', 'call_tool_res', 'call_tool_res', 'call_tool_res']);
  });

  it('WIRE-O8 PF-D8: same id after a failure runs again', async () => {
    const client = await shared.session();
    startCall(client, 'f', 'sleep', { ms: 150 });
    await client.frame({ op: 'call_tool_ack', request_id: 'f' });
    client.send({ op: 'cancel', request_id: 'c', target: 'f' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'f' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    startCall(client, 'f', 'sleep', { ms: 150 });
    const second = await client.frame({ op: 'call_tool_res', request_id: 'f', ok: true });
    expect(second).not.toHaveProperty('from_cache');
    await callTool(client, 'e', 'fail', { how: 'throw' });
    startCall(client, 'e', 'fail', { how: 'throw' });
    await resultsOf(client, 'e', 2);
    expect(opsOf(client, 'e')).toEqual(['call_tool_ack', 'call_tool_res', 'call_tool_ack', 'call_tool_res']);
  });

  it('WIRE-O8: same id, other content: DUPLICATE while running, a new call when finished', async () => {
    const client = await shared.session();
    await runningCall(client, 'd', 'sleep', { ms: 200 });
    startCall(client, 'd', 'echo', { text: 'other' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'd', ok: false })).toMatchObject({
      error: { code: 'DUPLICATE', original_request_id: 'd', retryable: false },
    });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'd', ok: true })).toMatchObject({
      text: 'slept 200 ms',
    });
    startCall(client, 'd', 'echo', { text: 'other' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'd', text: 'other' })).toMatchObject({ ok: true });
  });

  it('WIRE-O8 PF-D5: other id, other session, or no id: distinct calls', async () => {
    const one = await shared.session({ session_id: 'same' });
    const two = await shared.session({ session_id: 'same' });
    const { executions } = await counted(async () => {
      await Promise.all([
        callTool(one, 'x', 'count', { ms: 100 }),
        callTool(one, 'y', 'count', { ms: 100 }),
        callTool(two, 'x', 'count', { ms: 100 }),
      ]);
      for (let round = 0; round < 2; round += 1) {
        one.send({ op: 'call_tool', name: 'count', arguments: { ms: 100 } });
        await one.frame({ op: 'call_tool_res', request_id: null });
      }
      await inflight(one, 0);
    });
    expect(executions).toBe(5);
    expect(one.frames.filter(({ json }) => json?.['from_cache'] === true || json?.['from_inflight'] === true)).toEqual(
      [],
    );
  });

  it('PF-D4: fifty calls without an id at once each run and each get an answer of their own', async () => {
    const client = await shared.session();
    const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`);
    for (const value of texts) client.send({ op: 'call_tool', name: 'echo', arguments: { text: value, ms: 50 } });
    await eventually('fifty answers', () => (client.frames.length === 51 ? true : undefined));
    const answers = client.frames.slice(1).map(({ json }) => json);
    expect(answers.map((answer) => String(answer?.['text'])).toSorted()).toEqual(texts.toSorted());
    for (const answer of answers) expect(answer).toMatchObject({ op: 'call_tool_res', request_id: null, ok: true });
  });

  it('PF-D4: fifty clients with an id of null each get their own', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => shared.session()));
    clients.forEach((client, index) =>
      client.send({ op: 'call_tool', request_id: null, name: 'echo', arguments: { text: `text ${index}`, ms: 50 } }),
    );
    const answers = await Promise.all(clients.map((client) => client.next()));
    expect(answers.map((answer) => answer['text'])).toEqual(clients.map((_, index) => `text ${index}`));
    for (const client of clients) client.close();
  });
});

describe('repeats with EXAI_WS_COALESCE', () => {
  const countFile = join(countDir, 'coalesce');
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_TEST_COUNT_FILE: countFile, EXAI_WS_COALESCE: 'on', EXAI_WS_DISABLE_COALESCE_FOR_TOOLS: 'count_safe' },
  });

  it('WIRE-O8: on: another id with the same content joins the twin, then gets its stored success', async () => {
    const before = executionsIn(countFile);
    const client = await shared.session();
    await runningCall(client, 'a', 'count', { ms: 200 });
    startCall(client, 'b', 'count', { ms: 200 });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'b' })).toMatchObject({
      ok: true,
      from_inflight: true,
    });
    expect(await callTool(client, 'c', 'count', { ms: 200 })).toMatchObject({ ok: true, from_cache: true });
    expect(executionsIn(countFile) - before).toBe(1);
  });

  it('WIRE-O8: on: an excepted tool is never joined', async () => {
    const before = executionsIn(countFile);
    const client = await shared.session();
    await Promise.all([
      callTool(client, 'a', 'count_safe', { ms: 100 }),
      callTool(client, 'b', 'count_safe', { ms: 100 }),
    ]);
    expect(executionsIn(countFile) - before).toBe(2);
  });

  it('WIRE-O10 PF-D5: two windows with the same arguments at once are two executions', async () => {
    const before = executionsIn(countFile);
    const one = await shared.session({ session_id: 'twin' });
    const two = await shared.session({ session_id: 'twin' });
    const answers = await Promise.all([callTool(one, 1, 'count', { ms: 150 }), callTool(two, 1, 'count', { ms: 150 })]);
    expect(executionsIn(countFile) - before).toBe(2);
    expect(new Set(answers.map(({ text: answer }) => answer)).size).toBe(2);
    for (const answer of answers) expect(answer).not.toHaveProperty('from_inflight');
  });

  it('WIRE-O11: on: of two askers of one call the one that cancels is told so, the other gets the result', async () => {
    const client = await shared.session();
    await runningCall(client, 'a', 'sleep', { ms: 300 });
    startCall(client, 'b', 'sleep', { ms: 300 });
    await client.frame({ op: 'progress', request_id: 'b', note: 'joined' });
    client.send({ op: 'cancel', request_id: 'c', target: 'a' });
    expect(await client.frame({ op: 'cancelled' })).toMatchObject({ found: true });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'b' })).toMatchObject({
      ok: true,
      from_inflight: true,
    });
  });
});
