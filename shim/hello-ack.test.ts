import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHelloAnswer } from './hello-ack.ts';

const defaults = { pingIntervalMs: 25_000, pingTimeoutMs: 10_000, maxFrameBytes: 1_000_000 };
const read = (value: unknown) =>
  readHelloAnswer(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), defaults);

describe('the answer to a hello', () => {
  it('WIRE-H8: an accepting one', () => {
    const ack = {
      op: 'hello_ack',
      ok: true,
      session_id: 'w#2',
      daemonRunId: '01J9',
      protocol: '1.0',
      mode: 'mcp',
      heartbeat: { intervalMs: 5_000, timeoutMs: 2_000 },
      resumed: true,
      lost: [7],
      unknown: ['a'],
      limits: { maxFrameBytes: 65_536, maxPending: 10 },
      warnings: ['SESSION_RENAMED'],
      more: {},
    };
    expect(read(ack)).toEqual({
      type: 'accepted',
      sessionId: 'w#2',
      daemonRunId: '01J9',
      heartbeat: { intervalMs: 5_000, timeoutMs: 2_000 },
      isResumed: true,
      lost: [7],
      unknown: ['a'],
      maxFrameBytes: 65_536,
      maxPending: 10,
      warnings: ['SESSION_RENAMED'],
    });
  });

  it('PF-R8: what it does not say, or says wrong, keeps our own value', () => {
    expect(
      read({
        op: 'hello_ack',
        ok: true,
        daemonRunId: 'r',
        heartbeat: { intervalMs: -1, timeoutMs: 'x' },
        limits: { maxFrameBytes: 1, maxPending: 1e9 },
        lost: 5,
        unknown: [{}, null, 3],
      }),
    ).toMatchObject({
      type: 'accepted',
      sessionId: '',
      heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
      maxFrameBytes: 1_000_000,
      maxPending: 256,
      lost: [],
      unknown: [3],
      isResumed: false,
    });
  });

  it('WIRE-H12: the predecessor’s has no run id', () => {
    expect(read({ op: 'hello_ack', ok: true, session_id: 'x' })).toEqual({ type: 'predecessor' });
  });

  it('WIRE-H4: a refusing one', () => {
    expect(read({ op: 'hello_ack', ok: false, error: 'unauthorized', hint: 'old' })).toEqual({
      type: 'refused',
      error: 'unauthorized',
      hint: 'old',
    });
    expect(read({ op: 'hello_ack', ok: false, error: 'session_limit' })).toEqual({
      type: 'refused',
      error: 'session_limit',
      hint: '',
    });
  });

  it.each([['x'], ['[]'], ['{"op":"pong"}'], ['{"op":"hello_ack","ok":false,"error":"new_reason"}'], ['']])(
    'WIRE-H1: %s is none',
    (text) => {
      expect(read(text)).toEqual({ type: 'invalid' });
    },
  );

  it('WIRE-H1: any JSON is read without a fault', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(read(value)).toHaveProperty('type');
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('ok', 'daemonRunId', 'limits', 'heartbeat', 'lost'), fc.jsonValue()),
        (value) => {
          expect(read({ op: 'hello_ack', ...value })).toHaveProperty('type');
        },
      ),
    );
  });
});
