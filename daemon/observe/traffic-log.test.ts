import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from '../../platform/json-logger.ts';
import type { DaemonEvent } from '../../protocol/events.ts';
import { sampleCall, sampleSession } from './sample-data.ts';
import { TrafficLog } from './traffic-log.ts';

let lines: Record<string, unknown>[];
let nowMs: number;

beforeEach(() => {
  lines = [];
  nowMs = 1_790_000_100_000;
});

function write(line: string): void {
  lines.push(JSON.parse(line) as Record<string, unknown>);
}

function trafficLog(level: LogLevel = 'info'): TrafficLog {
  return new TrafficLog({ logger: createLogger({ level, write, now: () => nowMs }), now: () => nowMs });
}

function messages(): unknown[] {
  return lines.map(({ msg }) => msg);
}

describe('TrafficLog', () => {
  it('WIRE-11 MAIN-two-windows: a window’s coming and going, with the counts of its own calls', () => {
    const log = trafficLog();
    const other = sampleSession({ key: 'k2', sessionId: 'vscode-instance-2' });
    log.observe({ type: 'session.connected', session: sampleSession() });
    log.observe({ type: 'session.connected', session: other });
    for (const outcome of ['ok', 'ok', 'tool_error', 'refused'] as const) {
      log.observe({ type: 'call.finished', call: sampleCall({ outcome }) });
    }
    log.observe({ type: 'call.finished', call: sampleCall({ sessionKey: 'k2', outcome: 'timeout' }) });
    log.observe({ type: 'session.ended', session: sampleSession({ state: 'ended', resumes: 1 }), reason: 'bye' });
    log.observe({ type: 'session.ended', session: other, reason: 'grace over' });
    expect(messages()).toEqual(['session connected', 'session connected', 'session ended', 'session ended']);
    expect(lines[0]).toEqual({
      t: 1_790_000_100,
      level: 'info',
      msg: 'session connected',
      sessionId: 'vscode-instance-1',
      instanceId: 'inst_abc123',
      shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11',
      transport: 'shim',
      auth: 'shared',
      client: 'Visual Studio Code',
      clientVersion: '1.139.0',
      editor: 'vscode',
      serverId: 'exai-ws-vscode1',
      serverName: 'EXAI-WS-VSCode1',
      pid: 5120,
    });
    expect(lines[2]).toMatchObject({
      sessionId: 'vscode-instance-1',
      reason: 'bye',
      durationMs: 100_000,
      calls: 4,
      failed: 1,
      refused: 1,
      resumes: 1,
    });
    expect(lines[3]).toMatchObject({ sessionId: 'vscode-instance-2', calls: 1, failed: 1, refused: 0 });
  });

  it('PF-L5: a client that vanishes in a call is one info line, whatever goes on', () => {
    const log = trafficLog();
    log.observe({ type: 'session.connected', session: sampleSession() });
    log.observe({ type: 'session.detached', session: sampleSession({ inflight: 1 }), reason: 'closed 1006' });
    for (let tick = 0; tick < 100; tick += 1) log.observe({ type: 'message.sent', kind: 'notification', bytes: 100 });
    log.observe({ type: 'call.finished', call: sampleCall() });
    log.observe({ type: 'session.resumed', session: sampleSession(), result: 'resumed', lost: 2 });
    expect(lines.slice(1)).toMatchObject([
      { level: 'info', msg: 'session detached', reason: 'closed 1006', running: 1 },
      { level: 'info', msg: 'session resumed', result: 'resumed', lost: 2 },
    ]);
  });

  it('PF-L4: a thousand probes and failed handshakes of no client add no line above debug', () => {
    const log = trafficLog();
    const events: DaemonEvent[] = [
      { type: 'probe.seen', kind: 'silent' },
      { type: 'probe.seen', kind: 'malformed' },
      { type: 'guard.refused', guard: 'host' },
      { type: 'handshake.finished', transport: 'ws', result: 'invalid_hello' },
      { type: 'handshake.finished', transport: 'ws', result: 'missing_hello' },
    ];
    for (let times = 0; times < 200; times += 1) for (const event of events) log.observe(event);
    log.close();
    expect(lines).toEqual([]);
  });

  it('WIRE-1.4: failed authentications are a warning at once, then one line in 10 s with their count', () => {
    const log = trafficLog();
    const fail = (): void => log.observe({ type: 'handshake.finished', transport: 'shim', result: 'unauthorized' });
    for (let times = 0; times < 50; times += 1) fail();
    expect(lines).toMatchObject([
      { level: 'warn', msg: 'handshake failed', transport: 'shim', reason: 'unauthorized', count: 1 },
    ]);
    nowMs += 10_000;
    fail();
    fail();
    log.observe({ type: 'handshake.finished', transport: 'ops', result: 'jwt_required' });
    log.observe({ type: 'handshake.finished', transport: 'ops', result: 'ok' });
    log.close();
    log.close();
    expect(lines.slice(1).map(({ reason, count }) => [reason, count])).toEqual([
      ['unauthorized', 50],
      ['jwt_required', 1],
      ['unauthorized', 1],
    ]);
  });

  it('BAD-clock-jump: a clock set back neither silences failures nor makes ages negative', () => {
    const log = trafficLog('debug');
    log.observe({ type: 'handshake.finished', transport: 'ws', result: 'invalid_hello' });
    nowMs -= 3_600_000_000;
    log.observe({ type: 'handshake.finished', transport: 'ws', result: 'invalid_hello' });
    log.observe({ type: 'session.ended', session: sampleSession(), reason: 'bye' });
    expect(lines).toMatchObject([
      { level: 'debug', count: 1 },
      { count: 1 },
      { msg: 'session ended', durationMs: 0, calls: 0 },
    ]);
  });

  it('WIRE-11: rotation and drain are noted, without any token', () => {
    const log = trafficLog();
    log.observe({ type: 'token.rotated', generation: 4 });
    log.observe({ type: 'daemon.draining', maxMs: 5000 });
    expect(lines).toMatchObject([
      { msg: 'token rotated', generation: 4 },
      { msg: 'daemon draining', maxMs: 5000 },
    ]);
  });
});
