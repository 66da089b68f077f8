import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecretValues } from '../../platform/redaction.ts';
import { ActivityLog } from './activity-log.ts';
import { sampleCall, sampleSession } from './sample-data.ts';

let written: string;
const sink = {
  append: (lines: string): boolean => {
    written += lines;
    return true;
  },
  close: (): void => undefined,
};

beforeEach(() => {
  vi.useFakeTimers();
  written = '';
});

afterEach(() => {
  vi.useRealTimers();
});

describe('ActivityLog', () => {
  it('WIRE-11: one line per call with who, what, how long and how it ended, and no payload', () => {
    const log = new ActivityLog({ sink, flushMs: 1000, secrets: new SecretValues() });
    log.observe({ type: 'session.connected', session: sampleSession() });
    log.observe({ type: 'call.finished', call: sampleCall() });
    log.observe({
      type: 'call.finished',
      call: sampleCall({ callId: 'c_2', outcome: 'timeout', errorCode: 'TIMEOUT', provider: 'GLM' }),
    });
    vi.advanceTimersByTime(1000);
    const [first, second, ...rest] = written.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(first).toBe(
      '{"t":1790000011.5,"level":"info","msg":"call finished","sessionId":"vscode-instance-1","instanceId":"inst_abc123",' +
        '"client":"Visual Studio Code","callId":"c_1","tool":"version","provider":null,"outcome":"ok","code":null,' +
        '"durationMs":1250,"queuedMs":0,"requestBytes":120,"responseBytes":340}',
    );
    expect(JSON.parse(second ?? '')).toMatchObject({
      level: 'warn',
      callId: 'c_2',
      outcome: 'timeout',
      code: 'TIMEOUT',
      provider: 'GLM',
    });
    log.close();
  });

  it('WIRE-F6 PF-L2: a secret that a client uses as a name is masked, also one learnt later', () => {
    const secrets = new SecretValues();
    secrets.add('first-secret-0123456789');
    const log = new ActivityLog({ sink, flushMs: 1000, secrets });
    const clientName = 'x Bearer abcdefgh12345678';
    log.observe({
      type: 'call.finished',
      call: sampleCall({ tool: 'first-secret-0123456789', isKnownTool: false, clientName }),
    });
    log.flush();
    secrets.add('second-secret-0123456789');
    log.observe({
      type: 'call.finished',
      call: sampleCall({ clientName: `a second-secret-0123456789 ${'b'.repeat(500)}` }),
    });
    log.close();
    expect(written).not.toMatch(/first-se|second-s|abcdefgh/);
    const [first, second] = written
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(first).toMatchObject({ tool: '***', client: 'x Bearer ***' });
    expect(second?.['client']).toHaveLength(128);
  });
});
