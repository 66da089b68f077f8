import type { CapsView, ProblemView } from '../../protocol/snapshot.ts';
import type { Words } from '../strings/words.ts';

/** A problem in words. Buttons lead to places; an empty second word is no button. */
export interface ProblemWords {
  readonly title: string;
  readonly cause: string;
  readonly cure: string;
  readonly action: string;
  readonly second: string;
}

/** A sentence needs all of its figures: without one the short title stands, or nothing. */
export function describeProblem(problem: ProblemView, caps: CapsView, words: Words): ProblemWords {
  const { code, params } = problem;
  const text = words.text.errors.problems[code];
  const known = { ...params, ...gaugeParams(problem, caps, words) };
  const say = (sentence: string, otherwise: string) =>
    words.fill(hasAll(sentence, known) ? sentence : otherwise, known);
  const { cure, action, second } = text;
  return {
    title: titleOf(problem, known, words) ?? say(text.title, text.short),
    cause: say(text.cause, ''),
    cure,
    action,
    second,
  };
}

type Params = Readonly<Record<string, string | number>>;

/** The limit as it is now rather than as it was at the refusal. */
function gaugeParams({ scope, params }: ProblemView, caps: CapsView, { text }: Words): Params {
  const isProvider = scope.kind === 'provider';
  const gauge = isProvider
    ? caps.providers.find(({ id }) => id === scope.id)
    : scope.kind === 'global'
      ? caps.global
      : undefined;
  const name =
    scope.kind === 'provider' || scope.kind === 'session'
      ? (gauge?.label ?? params['scope'] ?? scope.id)
      : text.errors.scopes[scope.kind];
  if (gauge === undefined || gauge.cap === null) return { scope: name };
  return { scope: name, inflight: gauge.inflight, limit: gauge.cap, waiting: gauge.queued };
}

/** Of a refusal: what is full now, or what was full within the last minute. */
function titleOf({ code }: ProblemView, known: Params, { text, fill, plural }: Words): string | undefined {
  if (code !== 'OVER_CAPACITY') return undefined;
  const { scope = '', inflight, limit, count, waiting } = known;
  if (typeof inflight === 'number' && typeof limit === 'number' && inflight < limit && typeof count === 'number') {
    return plural(text.errors.refused, count, { scope });
  }
  return waiting === 0 ? fill(text.errors.problems.OVER_CAPACITY.short, known) : undefined;
}

function hasAll(sentence: string, known: Params): boolean {
  return [...sentence.matchAll(/\{([A-Za-z0-9]+)\}/g)].every(([, name = '']) => known[name] !== undefined);
}
