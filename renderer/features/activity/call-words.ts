import { errorTable } from '../../../protocol/errors.ts';
import type { HistoryFilter, HistoryRow } from '../../../protocol/history.ts';
import { providerLabel } from '../../../protocol/provider-label.ts';
import type { FilterKey } from '../../state/history-filter.ts';
import type { Words } from '../../strings/words.ts';

/** What a call came to, in a word or figure: how long it took, or how else it has ended. */
export function resultOf({ outcome, durationMs }: HistoryRow, words: Words): string {
  return outcome === 'ok' ? words.duration(durationMs) : words.text.common.outcome[outcome];
}

/** "kimi · kimi-k2"; undefined where no provider was asked. */
export function providerOf({ provider, model }: HistoryRow, { text }: Words): string | undefined {
  const parts = [provider === null ? null : providerLabel(provider), model].filter((part) => part !== null);
  return parts.length === 0 ? undefined : parts.join(text.common.separator);
}

/** What the code of a failure means, and whether the tool may have done its work all the same. */
export function sentenceOf({ errorCode, outcome }: HistoryRow, { text }: Words): string | undefined {
  if (errorCode === null || outcome === 'ok') return undefined;
  const sentence = text.activity.codes[errorCode];
  return errorTable[errorCode].mayHaveRun ? `${sentence} ${text.activity.mayHaveRun}` : sentence;
}

export interface Chip {
  readonly label: string;
  /** Parts of the address that go with it. */
  readonly keys: readonly FilterKey[];
}

/** What the filter holds, one chip for each thing that can be taken away. */
export function chipsOf(filter: HistoryFilter, words: Words, nowSeconds: number): readonly Chip[] {
  const { text, fill } = words;
  const chips: Chip[] = [];
  for (const key of ['session', 'instance', 'tool'] as const) {
    if (filter[key] !== undefined) chips.push({ label: filter[key], keys: [key] });
  }
  if (filter.outcome !== undefined) chips.push({ label: text.common.outcome[filter.outcome], keys: ['outcome'] });
  const range = rangeOf(filter, words, nowSeconds);
  if (range !== undefined) chips.push({ label: range, keys: ['from', 'to'] });
  if (filter.q !== undefined) chips.push({ label: fill(text.activity.quoted, { q: filter.q }), keys: ['q'] });
  return chips;
}

const sameDaySeconds = 20 * 3_600;

/** "since 14:31", "25 Nov, 13:00 to 25 Nov, 14:00". */
export function rangeOf({ from, to }: HistoryFilter, words: Words, nowSeconds: number): string | undefined {
  const { since, until, between } = words.text.activity;
  const say = (at: number) => (Math.abs(nowSeconds - at) < sameDaySeconds ? words.clock(at) : words.dayClock(at));
  if (from !== undefined && to !== undefined) return words.fill(between, { from: say(from), to: say(to) });
  if (from !== undefined) return words.fill(since, { from: say(from) });
  return to === undefined ? undefined : words.fill(until, { to: say(to) });
}
