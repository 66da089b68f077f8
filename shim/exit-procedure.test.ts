import { describe, expect, it } from 'vitest';
import { ExitProcedure } from './exit-procedure.ts';
import { ManualClock } from './manual-clock.ts';

function steps(pendingBytes: number) {
  const clock = new ManualClock();
  const seen: string[] = [];
  let drained: (() => void) | undefined;
  const procedure = new ExitProcedure({
    clock,
    stop: () => seen.push('stop'),
    pendingBytes: () => pendingBytes,
    onDrained: (done) => {
      drained = done;
    },
    closeLog: async (reason) => {
      seen.push(`log ${reason}`);
    },
    exit: (code) => seen.push(`exit ${code}`),
  });
  return { clock, seen, procedure, drain: () => drained?.() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('ExitProcedure', () => {
  it('SHIM-S7: with nothing pending the process ends at once, with 0, once', async () => {
    const { seen, procedure, clock } = steps(0);
    procedure.exit('SIGTERM');
    procedure.exit('SIGINT', 1);
    await settled();
    expect(seen).toEqual(['stop', 'log SIGTERM', 'exit 0']);
    expect(clock.timers).toBe(0);
  });

  it('SHIM-S8: pending output is waited for', async () => {
    const { seen, procedure, clock, drain } = steps(5);
    procedure.exit('stdin was closed');
    clock.advance(100);
    await settled();
    expect(seen).toEqual(['stop']);
    drain();
    await settled();
    expect(seen).toEqual(['stop', 'log stdin was closed', 'exit 0']);
    clock.advance(1_000);
    await settled();
    expect(seen).toHaveLength(3);
  });

  it('SHIM-S7: but not beyond 0.2 s', async () => {
    const { seen, procedure, clock, drain } = steps(5);
    procedure.exit('SIGTERM');
    clock.advance(150);
    drain();
    await settled();
    expect(seen).toEqual(['stop', 'log SIGTERM', 'exit 0']);
  });

  it('PF-H2 SHIM-S8: a broken stdout ends it quietly, also in the middle of the wait', async () => {
    const first = steps(5);
    first.procedure.stdoutBroken('EPIPE');
    await settled();
    expect(first.seen).toEqual(['stop', 'log EPIPE', 'exit 0']);
    const second = steps(5);
    second.procedure.exit('SIGTERM');
    second.procedure.stdoutBroken('EPIPE');
    await settled();
    expect(second.seen).toEqual(['stop', 'log SIGTERM', 'exit 0']);
  });
});
