import { array, assert, asyncProperty, constantFrom, double, nat, oneof, tuple } from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { TallyHistogram } from './tally-histogram.ts';

const buckets = [0.005, 0.01, 0.25, 1, 2.5, 60];
const help = 'Time, "quoted" \\ and\nbroken.';

/** What is scraped of one tally and of the library's own histogram, after the same observations. */
async function scrapes(
  labelNames: readonly string[],
  observations: readonly (readonly [labels: readonly string[], value: number])[],
): Promise<{ ours: string; library: string }> {
  const ours = new Registry();
  const library = new Registry();
  const tally = new TallyHistogram(ours, { name: 'x_seconds', help, labelNames, buckets });
  const histogram = new Histogram({
    name: 'x_seconds',
    help,
    labelNames: [...labelNames],
    buckets: [...buckets],
    registers: [library],
  });
  for (const [labels, value] of observations) {
    tally.observe(value, ...labels);
    if (labelNames.length === 0) histogram.observe(value);
    else histogram.observe(Object.fromEntries(labelNames.map((name, index) => [name, labels[index] ?? ''])), value);
  }
  return { ours: await ours.metrics(), library: await library.metrics() };
}

const value = oneof(
  constantFrom(0, -1, ...buckets, 0.005000001, 61, 1e9, 0.1, 0.2),
  double({ noNaN: true, noDefaultInfinity: true, min: -10, max: 1000 }),
  nat(100_000),
);
const label = constantFrom('', 'version', 'a"b\\c\nd', 'é', '7');

describe('TallyHistogram', () => {
  it.each([
    ['none', []],
    ['one', ['tool_name']],
    ['two', ['method', 'endpoint']],
  ])('shows the text of the library’s own histogram: labels %s', async (_, labelNames) => {
    const observation = tuple(array(label, { minLength: labelNames.length, maxLength: labelNames.length }), value);
    await assert(
      asyncProperty(array(observation, { maxLength: 40 }), async (observations) => {
        const { ours, library } = await scrapes(labelNames, observations);
        expect(ours).toBe(library);
      }),
      { numRuns: 200 },
    );
  });

  it('cumulates its buckets: literal text', async () => {
    const { ours } = await scrapes(
      ['tool_name'],
      [
        [['version'], 0.005],
        [['version'], 0.2],
        [['version'], 100],
      ],
    );
    expect(ours.split('\n').slice(2)).toEqual([
      'x_seconds_bucket{le="0.005",tool_name="version"} 1',
      'x_seconds_bucket{le="0.01",tool_name="version"} 1',
      'x_seconds_bucket{le="0.25",tool_name="version"} 2',
      'x_seconds_bucket{le="1",tool_name="version"} 2',
      'x_seconds_bucket{le="2.5",tool_name="version"} 2',
      'x_seconds_bucket{le="60",tool_name="version"} 2',
      'x_seconds_bucket{le="+Inf",tool_name="version"} 3',
      'x_seconds_sum{tool_name="version"} 100.205',
      'x_seconds_count{tool_name="version"} 3',
      '',
    ]);
  });

  it('goes on counting after a scrape', async () => {
    const registry = new Registry();
    const tally = new TallyHistogram(registry, { name: 'x', help: 'X.', buckets: [1] });
    tally.observe(1);
    expect(await registry.metrics()).toContain('x_count 1\n');
    tally.observe(2);
    expect(await registry.metrics()).toContain('x_bucket{le="1"} 1\nx_bucket{le="+Inf"} 2\nx_sum 3\nx_count 2\n');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('takes no %d, like the library', (wrong) => {
    const tally = new TallyHistogram(new Registry(), { name: 'x', help: 'X.', buckets: [1] });
    expect(() => tally.observe(wrong)).toThrow(TypeError);
  });
});
