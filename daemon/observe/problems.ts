import type { CapacityScope } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { ProblemView } from '../../protocol/snapshot.ts';
import type { DaemonStatus } from './status.ts';

/** Refusals of the last minute under one limit. */
export interface Refusals {
  readonly scope: CapacityScope;
  /** Key of the session, else the id of the gauge. */
  readonly id: string;
  /** How people call it. */
  readonly name: string;
  readonly count: number;
  /** Epoch seconds of the first. */
  readonly since: number;
  readonly inflight: number;
  readonly limit: number;
  readonly waiting: number;
}

export interface ProblemFacts {
  readonly status: Pick<DaemonStatus, 'store' | 'diskUsedRatio' | 'metricsLogProblem' | 'warnings'>;
  readonly refusals: readonly Refusals[];
  /** Clients refused for their credential in the last minute. */
  readonly unauthorized: { readonly count: number; readonly since: number } | null;
}

/** `since` null: nobody noted when it began, so the first look counts. */
type Finding = Omit<ProblemView, 'since'> & { readonly since: number | null };

const daemonScope = { kind: 'daemon', id: 'daemon' } as const;

/** What is wrong now, as lists show it: errors before warnings, then the oldest first. A problem that is cured is gone. */
export class Problems {
  /** When problems were first seen, by id. */
  readonly #seen = new Map<string, number>();

  /** `now`: epoch seconds. */
  of(facts: ProblemFacts, now: number): ProblemView[] {
    const problems = findings(facts).map((finding): ProblemView => {
      const since = finding.since ?? this.#seen.get(finding.problemId) ?? now;
      return { ...finding, since };
    });
    this.#seen.clear();
    for (const { problemId, since } of problems) this.#seen.set(problemId, since);
    return problems.toSorted((left, right) => rank(left) - rank(right) || left.since - right.since);
  }
}

function rank({ severity }: ProblemView): number {
  return severity === 'error' ? 0 : 1;
}

function findings(facts: ProblemFacts): Finding[] {
  const { status, refusals, unauthorized } = facts;
  const problems: Finding[] = [];
  const add = (
    code: ProblemView['code'],
    severity: ProblemView['severity'],
    params: ProblemView['params'],
    more: Partial<Pick<Finding, 'problemId' | 'scope' | 'since'>> = {},
  ): void => {
    problems.push({ problemId: code, code, severity, scope: daemonScope, since: null, params, ...more });
  };
  const disk = status.diskUsedRatio ?? 0;
  if (disk > limits.diskUnhealthyRatio) add('DISK_FULL', 'error', { usedPercent: Math.floor(disk * 100) });
  if (status.store?.ok === false) add('STORE_UNREACHABLE', 'error', { store: status.store.kind });
  if (status.metricsLogProblem !== null) add('LOG_UNWRITABLE', 'warning', { reason: status.metricsLogProblem });
  if (status.warnings.includes('CALL_JOURNAL_FAILED')) add('JOURNAL_FAILED', 'warning', {});
  if (unauthorized !== null)
    add('UNAUTHORIZED', 'warning', { count: unauthorized.count }, { since: unauthorized.since });
  for (const { scope, id, name, count, since, inflight, limit, waiting } of refusals) {
    const params = { scope: name, inflight, limit, waiting, count };
    add('OVER_CAPACITY', 'warning', params, {
      problemId: `OVER_CAPACITY:${scope}:${id}`,
      scope: { kind: scope, id },
      since,
    });
  }
  return problems;
}
