import { describe, expect, it } from 'vitest';
import type { CapsView, ProblemView } from '../../protocol/snapshot.ts';
import { createWords } from '../strings/words.ts';
import { createServerClock } from './clock.ts';
import { monogram } from './monogram.ts';
import { describeProblem } from './problems.ts';

describe('monogram', () => {
  it.each([
    ['VSCode 1', 'VS'],
    ['VS Code', 'VS'],
    ['Visual Studio Code', 'VS'],
    ['Build box', 'BB'],
    ['claude-code', 'CC'],
    ['Auggie', 'AG'],
    ['x', 'X'],
    ['', '··'],
    ['42', '··'],
  ])('of %s is %s', (name, letters) => {
    expect(monogram(name)).toBe(letters);
  });
});

describe('describeProblem', () => {
  const words = createWords('en');
  const kimi = { id: 'kimi', label: 'Kimi', inflight: 6, cap: 6, configuredCap: 6, queued: 3 };
  const global = { id: 'global', label: 'All', inflight: 24, cap: 24, configuredCap: 24, queued: 0 };
  const caps: CapsView = { sessionCap: 8, global, providers: [kimi], queue: null };
  const problem = (part: Partial<ProblemView>): ProblemView => ({
    problemId: 'p',
    code: 'OVER_CAPACITY',
    severity: 'warning',
    scope: { kind: 'provider', id: 'kimi' },
    since: 0,
    params: {},
    ...part,
  });

  it('names the limit, its figures and how many wait', () => {
    expect(describeProblem(problem({}), caps, words)).toMatchObject({
      title: 'Kimi is at its limit, 3 waiting',
      cause: '6 of 6 in flight.',
    });
  });

  it('leaves out what is nothing or unknown', () => {
    const inGeneral = problem({ scope: { kind: 'global', id: 'global' } });
    expect(describeProblem(inGeneral, caps, words).title).toBe('The daemon is at its limit');
    expect(describeProblem(problem({ scope: { kind: 'session', id: 'a' } }), caps, words)).toMatchObject({
      title: 'a is at its limit',
      cause: '',
    });
    expect(describeProblem(problem({ code: 'LOG_UNWRITABLE' }), caps, words).cause).toBe('');
  });

  it('does not call full what has room again', () => {
    const free = { ...caps, providers: [{ ...kimi, inflight: 2, queued: 0 }] };
    const refused = problem({ params: { scope: 'Kimi', inflight: 6, limit: 6, waiting: 3, count: 2 } });
    expect(describeProblem(refused, free, words).title).toBe('Kimi refused 2 calls in the last minute');
  });

  it('takes what the daemon sends where no limit tells it', () => {
    const params = { scope: 'VSCode 1', inflight: 8, limit: 8, waiting: 0, count: 1 };
    expect(describeProblem(problem({ scope: { kind: 'session', id: 'key' }, params }), caps, words)).toMatchObject({
      title: 'VSCode 1 is at its limit',
      cause: '8 of 8 in flight.',
    });
    const disk = problem({ code: 'DISK_FULL', scope: { kind: 'daemon', id: 'daemon' }, params: { usedPercent: 97 } });
    expect(describeProblem(disk, caps, words).title).toBe('The disk is full: 97 % used');
  });
});

describe('createServerClock', () => {
  function scene() {
    let now = 1_000_000;
    let ticks: (() => void) | undefined;
    const clock = createServerClock({
      now: () => now,
      setInterval: (callback) => {
        ticks = callback;
        return 1;
      },
      clearInterval: () => {
        ticks = undefined;
      },
    });
    return { clock, wait: (ms: number) => (now += ms), isTicking: () => ticks !== undefined };
  }

  it('tells the daemon’s time, and is not put back by what comes late', () => {
    const { clock, wait } = scene();
    clock.correct(2_000);
    wait(5_000);
    expect(clock.now()).toBe(2_005);
    clock.correct(2_004.5);
    expect(clock.now()).toBe(2_005);
    clock.correct(1_900);
    expect(clock.now()).toBe(1_900);
  });

  it('has one timer, and none while nobody listens or the page is hidden', () => {
    const { clock, isTicking } = scene();
    expect(isTicking()).toBe(false);
    const stops = [clock.subscribe(() => undefined), clock.subscribe(() => undefined)];
    expect(isTicking()).toBe(true);
    clock.setHidden(true);
    expect(isTicking()).toBe(false);
    clock.setHidden(false);
    expect(isTicking()).toBe(true);
    for (const stop of stops) stop();
    expect(isTicking()).toBe(false);
  });
});
