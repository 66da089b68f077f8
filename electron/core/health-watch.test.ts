import { describe, expect, it } from 'vitest';
import { HealthWatch } from './health-watch.ts';
import { ManualClock } from './testing/manual-clock.ts';

function watched() {
  const clock = new ManualClock();
  const told: string[] = [];
  let answers = true;
  const watch = new HealthWatch({
    clock,
    heartbeatMs: 5_000,
    isAnswering: () => Promise.resolve(answers),
    onSilence: (isSilent) => told.push(isSilent ? 'silent' : 'back'),
    onDead: () => told.push('dead'),
    onSlept: () => told.push('slept'),
  });
  return {
    clock,
    told,
    watch,
    answer: (isAnswering: boolean) => {
      answers = isAnswering;
    },
  };
}

describe('TRAY-hung: health of a daemon', () => {
  it('is not judged while something is heard', async () => {
    const { clock, told, watch, answer } = watched();
    answer(false);
    for (let beat = 0; beat < 10; beat += 1) {
      watch.heard();
      await clock.advance(5_000);
    }
    expect(told).toEqual([]);
  });

  it('is asked for before silence counts', async () => {
    const { clock, told } = watched();
    await clock.advance(60_000);
    expect(told).toEqual([]);
  });

  it('is over after three questions without an answer', async () => {
    const { clock, told, answer } = watched();
    answer(false);
    await clock.advance(30_000);
    expect(told).toEqual(['silent', 'dead']);
  });

  it('returns with the first answer', async () => {
    const { clock, told, answer } = watched();
    answer(false);
    await clock.advance(10_000);
    answer(true);
    await clock.advance(30_000);
    expect(told).toEqual(['silent', 'back']);
  });

  it('TRAY-suspend: starts to count again after a sleep', async () => {
    const { clock, told, answer } = watched();
    answer(false);
    clock.sleep(600_000);
    await clock.advance(5_000);
    expect(told).toEqual(['slept']);
  });

  it('TRAY-suspend: is asked at once when the system says that it slept, and silence counts from there', async () => {
    const { clock, told, watch, answer } = watched();
    watch.heard();
    answer(false);
    watch.recheck();
    watch.recheck(); // one question at a time
    await clock.advance(0);
    expect(told).toEqual(['silent']);
    answer(true);
    watch.recheck();
    await clock.advance(0);
    expect(told).toEqual(['silent', 'back']);
    watch.stop();
    answer(false);
    watch.recheck();
    await clock.advance(60_000);
    expect(told).toEqual(['silent', 'back']);
  });

  it('says nothing after its stop', async () => {
    const { clock, told, watch, answer } = watched();
    answer(false);
    watch.stop();
    await clock.advance(60_000);
    expect(told).toEqual([]);
  });
});
