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

/** A sentence needs all of its figures: one that was not measured gives the short title, or none. */
export function describeProblem({ code, scope, params }: ProblemView, caps: CapsView, words: Words): ProblemWords {
  const { errors } = words.text;
  const text = errors.problems[code];
  const gauge =
    scope.kind === 'provider'
      ? caps.providers.find(({ id }) => id === scope.id)
      : scope.kind === 'global'
        ? caps.global
        : undefined;
  const known: Record<string, string | number> = {
    scope:
      gauge !== undefined && scope.kind === 'provider'
        ? gauge.label
        : scope.kind === 'provider'
          ? scope.id
          : errors.scopes[scope.kind],
    ...(gauge === undefined ? {} : { inflight: gauge.inflight, queued: gauge.queued }),
    ...(gauge === undefined || gauge.cap === null ? {} : { limit: gauge.cap }),
    ...params,
  };
  const free = known['freeBytes'] ?? known['free'];
  if (typeof free === 'number') known['free'] = words.bytes(free);
  const isNobodyWaiting = code === 'OVER_CAPACITY' && known['queued'] === 0;
  const say = (sentence: string, otherwise: string) =>
    [...sentence.matchAll(/\{([A-Za-z0-9]+)\}/g)].every(([, name = '']) => known[name] !== undefined)
      ? words.fill(sentence, known)
      : words.fill(otherwise, known);
  return {
    title: isNobodyWaiting ? words.fill(text.short, known) : say(text.title, text.short),
    cause: say(text.cause, ''),
    cure: text.cure,
    action: text.action,
    second: text.second,
  };
}
