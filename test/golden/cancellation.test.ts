import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { callTool, healthOf, inflight, opsOf, runningCall, startCall } from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

describe('cancellation', () => {
  const shared = useDaemon({
    testTools: true,
    env: {
      EXAI_CANCEL_GRACE_SECS: '0.5',
      EXAI_WS_QUEUE_MAX: '8',
      EXAI_WS_SESSION_MAX_INFLIGHT: '2',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '2',
    },
  });

  it('WIRE-O11 PF-X1: a running call is found, told at once, and its slot is free', async () => {
    const client = await shared.session();
    await runningCall(client, 'run', 'sleep', { ms: 60_000 });
    const startedAt = performance.now();
    client.send({ op: 'cancel', request_id: 'c', target: 'run' });
    expect(await client.frame({ op: 'cancelled' })).toEqual({
      op: 'cancelled',
      request_id: 'c',
      target: 'run',
      ok: true,
      found: true,
      timestamp: expect.any(Number),
    });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'run' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED', retryable: false, call_id: expect.any(String) },
    });
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await healthOf(client)).toMatchObject({ global_inflight: 0 });
    expect(opsOf(client, 'run')).toEqual(['call_tool_ack', 'call_tool_res']);
    const order = client.frames.map(({ json }) => json?.['op']);
    expect(order.indexOf('cancelled')).toBeLessThan(order.indexOf('call_tool_res'));
  });

  it('WIRE-O11: the id of the call is enough (profile D)', async () => {
    const client = await shared.session();
    await runningCall(client, 'run', 'sleep', { ms: 60_000 });
    client.send({ op: 'cancel', request_id: 'run' });
    expect(await client.frame({ op: 'cancelled' })).toMatchObject({ request_id: 'run', target: 'run', found: true });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'run' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
  });

  it('WIRE-O11: a queued call is found and never runs', async () => {
    const client = await shared.session();
    await runningCall(client, 'one', 'sleep', { ms: 60_000 });
    await runningCall(client, 'two', 'sleep', { ms: 60_000 });
    startCall(client, 'queued', 'sleep', { ms: 60_000 });
    expect(await client.frame({ op: 'progress', request_id: 'queued' })).toMatchObject({
      note: 'queued',
      details: { position: 1 },
    });
    client.send({ op: 'cancel', request_id: 'c', target: 'queued' });
    expect(await client.frame({ op: 'cancelled', target: 'queued' })).toMatchObject({ found: true });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'queued' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    expect(opsOf(client, 'queued')).toEqual(['progress', 'call_tool_res']);
    for (const target of ['one', 'two']) client.send({ op: 'cancel', request_id: `c-${target}`, target });
    await inflight(client, 0);
  });

  it('WIRE-O11: a finished call, an unknown one and one of another session are not found', async () => {
    const client = await shared.session();
    const other = await shared.session();
    await callTool(client, 'done', 'echo', { text: 'x' });
    await runningCall(other, 'theirs', 'sleep', { ms: 300 });
    for (const target of ['done', 'never', 'theirs', 4]) {
      client.send({ op: 'cancel', request_id: `c-${target}`, target });
      expect(await client.frame({ op: 'cancelled', request_id: `c-${target}` })).toMatchObject({
        target,
        ok: true,
        found: false,
      });
    }
    expect(await other.frame({ op: 'call_tool_res', request_id: 'theirs' })).toMatchObject({ ok: true });
  });

  it('WIRE-O11 PF-X4: a tool that ignores the abort loses its slot after the grace, and its late result is dropped', async () => {
    const client = await shared.session();
    await runningCall(client, 'deaf', 'sleep', { ms: 1500, ignoreAbort: true });
    client.send({ op: 'cancel', request_id: 'c', target: 'deaf' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'deaf' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    expect(await healthOf(client)).toMatchObject({ global_inflight: 1 });
    await inflight(client, 0, 2_000);
    expect(await shared.sample('exai_calls_abandoned')).toBe(1);
    await eventually(
      'the end of the deaf tool',
      async () => ((await shared.sample('exai_calls_abandoned')) === 0 ? true : undefined),
      4_000,
    );
    expect(opsOf(client, 'deaf')).toEqual(['call_tool_ack', 'call_tool_res']);
    expect(await healthOf(client)).toMatchObject({ global_inflight: 0 });
    expect(await shared.sample('exai_lease_double_release_total')).toBe(0);
  });
});
