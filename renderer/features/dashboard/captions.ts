import type { Words } from '../../strings/words.ts';
import { type ChartData, sumOf, valueText } from './chart-data.ts';

/** A chart in one sentence: how it is now, and what stood out. `timeOf` writes the beginning of a bucket. */
export function captionOf(chart: ChartData, words: Words, timeOf: (at: number) => string): string {
  const { captions } = words.text.dashboard;
  const first = chart.columns[0]?.values ?? [];
  const second = chart.columns[1]?.values ?? [];
  const since = timeOf(chart.t.at(-1) ?? 0);
  const say = (value: number | null | undefined) => valueText(chart, value, words);
  const at = (index: number) => timeOf(chart.t[index] ?? 0);
  switch (chart.name) {
    case 'calls': {
      const peak = peakOf(first);
      const total = sumOf(first);
      if (total === 0) return captions.callsNone;
      return words.plural(captions.calls, total, {
        last: first.at(-1) ?? 0,
        since,
        peak: first[peak] ?? 0,
        at: at(peak),
      });
    }
    case 'latency': {
      const last = first.findLastIndex((value) => value !== null);
      if (last < 0) return captions.latencyNone;
      const worst = peakOf(second);
      return words.fill(captions.latency, {
        p50: say(first[last]),
        p95: say(second[last]),
        at: at(last),
        worst: say(second[worst]),
        worstAt: at(worst),
      });
    }
    case 'inflight': {
      const peak = peakOf(first);
      if (peak < 0) return captions.inflightNone;
      return words.fill(chart.cap === null ? captions.inflight : captions.inflightOf, {
        last: say(first.at(-1)),
        since,
        cap: chart.cap ?? 0,
        peak: say(first[peak]),
        at: at(peak),
      });
    }
    case 'errors': {
      const last = first.findLastIndex((value, index) => (value ?? 0) + (second[index] ?? 0) > 0);
      if (last < 0) return captions.errorsNone;
      return words.fill(captions.errors, {
        errors: words.plural(captions.errorCount, sumOf(first)),
        refused: words.plural(captions.refusalCount, sumOf(second)),
        at: at(last),
      });
    }
  }
}

/** Place of the highest value, the latest of equals; -1 when nothing was measured. */
function peakOf(values: readonly (number | null)[]): number {
  let peak = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [index, value] of values.entries()) {
    if (value === null || value < highest) continue;
    highest = value;
    peak = index;
  }
  return peak;
}
