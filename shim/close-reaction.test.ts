import { describe, expect, it } from 'vitest';
import { type CloseFacts, reactToClose, reactToRefusal } from './close-reaction.ts';

const close = (code: number, more: Partial<CloseFacts> = {}) =>
  reactToClose({ code, reason: '', wasConnected: true, protocolErrors: 0, problem: undefined, ...more });

describe('the reaction to a close code', () => {
  it.each([
    [1000, 'normal'],
    [1001, 'normal'],
    [1006, 'normal'],
    [1011, 'normal'],
    [4007, 'normal'],
    [1008, 'slow'],
    [4002, 'slow'],
    [4005, 'slow'],
  ])('WIRE-H13: %i: reconnect, %s', (code, pace) => {
    expect(close(code)).toEqual({ type: 'reconnect', pace });
  });

  it('WIRE-H9: a protocol error is forgiven once', () => {
    for (const code of [1002, 1007]) {
      expect(close(code, { protocolErrors: 1 })).toEqual({ type: 'reconnect', pace: 'normal' });
      expect(close(code, { protocolErrors: 2 })).toMatchObject({ type: 'report', failure: { code: 'INTERNAL_ERROR' } });
    }
  });

  it('WIRE-H6: 1009 answers a request of an open connection and reports a handshake', () => {
    expect(close(1009)).toEqual({ type: 'too-big' });
    expect(close(1009, { wasConnected: false })).toMatchObject({ type: 'report' });
  });

  it.each([
    [1013, 'session limit', 'SESSION_LIMIT', true],
    [4000, 'invalid hello', 'INTERNAL_ERROR', false],
    [4001, 'missing hello', 'INTERNAL_ERROR', false],
    [4003, 'unauthorized', 'UNAUTHORIZED', true],
    [4003, 'jwt_required', 'UNAUTHORIZED', true],
    [4004, 'upgrade required', 'UPGRADE_REQUIRED', true],
  ])('WIRE-H4 WIRE-H5 WIRE-H12 WIRE-H13: %i %s in a handshake is reported as %s', (code, reason, failure, isTimed) => {
    const reaction = close(code, { reason, wasConnected: false });
    expect(reaction).toMatchObject({ type: 'report', failure: { code: failure, hint: expect.stringMatching(/\w/) } });
    if (reaction.type === 'report') expect(reaction.retry.afterMs !== undefined).toBe(isTimed);
  });

  it('WIRE-H5: 4003 on an open session means that its token ran out: the files are read again first', () => {
    expect(close(4003, { reason: 'unauthorized' })).toEqual({ type: 'reconnect', pace: 'normal' });
  });

  it('WIRE-H4: 4006 waits for another token file and for nothing else', () => {
    expect(close(4006)).toMatchObject({
      type: 'report',
      failure: { code: 'UNAUTHORIZED' },
      retry: { onCredentials: true, onDaemon: false, afterMs: undefined },
    });
  });
});

describe('the reaction to a refusing hello_ack', () => {
  it('PF-R3: what is wrong with our own file says more than the daemon can', () => {
    const problem = 'The token file /t does not exist.';
    expect(reactToRefusal('unauthorized', 'Wrong token.', problem)).toMatchObject({ failure: { hint: problem } });
    expect(reactToRefusal('unauthorized', 'Wrong token.', undefined)).toMatchObject({
      failure: { hint: 'Wrong token.' },
    });
    expect(reactToRefusal('unauthorized', '', undefined)).toMatchObject({
      failure: { hint: expect.stringContaining('EXAI_WS_TOKEN_FILE') },
      retry: { onCredentials: true, afterMs: 30_000 },
    });
  });
});
