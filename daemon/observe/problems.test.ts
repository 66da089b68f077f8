import { describe, expect, it } from 'vitest';
import { type ProblemFacts, Problems, type Refusals } from './problems.ts';
import { sampleStatus } from './sample-data.ts';

const fine: ProblemFacts = { status: sampleStatus(), refusals: [], unauthorized: null };
const refused: Refusals = {
  scope: 'provider',
  id: 'kimi',
  name: 'Kimi',
  count: 3,
  since: 90,
  inflight: 6,
  limit: 6,
  waiting: 2,
};

describe('problems', () => {
  it('LIVE-problems: a healthy daemon has none', () => {
    expect(new Problems().of(fine, 100)).toEqual([]);
  });

  it('LIVE-problems: a limit that refuses says whose it is and how full', () => {
    expect(new Problems().of({ ...fine, refusals: [refused] }, 100)).toEqual([
      {
        problemId: 'OVER_CAPACITY:provider:kimi',
        code: 'OVER_CAPACITY',
        severity: 'warning',
        scope: { kind: 'provider', id: 'kimi' },
        since: 90,
        params: { scope: 'Kimi', inflight: 6, limit: 6, waiting: 2, count: 3 },
      },
    ]);
  });

  it.each([
    [{ diskUsedRatio: 0.961 }, 'DISK_FULL', 'error', { usedPercent: 96 }],
    [{ store: { kind: 'sqlite', ok: false } }, 'STORE_UNREACHABLE', 'error', { store: 'sqlite' }],
    [{ metricsLogProblem: 'ENOSPC' }, 'LOG_UNWRITABLE', 'warning', { reason: 'ENOSPC' }],
    [{ warnings: ['CALL_JOURNAL_FAILED'] }, 'JOURNAL_FAILED', 'warning', {}],
  ])('LIVE-problems: %j is %s', (changes, code, severity, params) => {
    const [problem] = new Problems().of({ ...fine, status: sampleStatus(changes) }, 100);
    expect(problem).toMatchObject({ problemId: code, code, severity, params, since: 100 });
  });

  it('LIVE-problems: errors come first, then the oldest; each keeps its beginning until it is cured', () => {
    const problems = new Problems();
    const disk = { ...fine, status: sampleStatus({ metricsLogProblem: 'ENOSPC' }) };
    expect(problems.of(disk, 100).map(({ since }) => since)).toEqual([100]);
    const all = {
      status: sampleStatus({ metricsLogProblem: 'ENOSPC', diskUsedRatio: 0.99 }),
      refusals: [refused],
      unauthorized: { count: 2, since: 95 },
    };
    expect(problems.of(all, 110).map(({ code, since }) => [code, since])).toEqual([
      ['DISK_FULL', 110],
      ['OVER_CAPACITY', 90],
      ['UNAUTHORIZED', 95],
      ['LOG_UNWRITABLE', 100],
    ]);
    expect(problems.of(fine, 120)).toEqual([]);
    expect(problems.of(disk, 130).map(({ since }) => since)).toEqual([130]);
  });
});
