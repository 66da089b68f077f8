import { array, assert, constantFrom, property, record, shuffledSubarray, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposedNames, type NamedItem } from './exposed-names.ts';

describe('exposedNames', () => {
  it.each<[string, readonly NamedItem[], readonly string[]]>([
    ['alone', [{ upstreamId: 'files', name: 'read-file' }], ['read-file']],
    [
      'shared',
      [
        { upstreamId: 'files', name: 'read' },
        { upstreamId: 'My Notes', name: 'READ' },
      ],
      ['files_read', 'my_notes_read'],
    ],
    ['ours', [{ upstreamId: 'files', name: 'version' }], ['files_version']],
    ['a dot', [{ upstreamId: 'a', name: 'x.y' }], ['a_x_y']],
    ['too long', [{ upstreamId: 'a', name: 'x'.repeat(41) }], [`a_${'x'.repeat(31)}_f19a59`]],
  ])('UP-names: %s', (_what, items, names) => {
    expect(exposedNames(items, new Set(['version']))).toEqual(names);
  });

  it('UP-names UP-names-stable: whatever the servers offer, names are short, different, and independent of the order', () => {
    const item = record({
      upstreamId: constantFrom('a', 'b', 'a_b', 'A b'),
      name: string({ unit: constantFrom('a', 'b', '_', '-', '.', 'A', 'é'), minLength: 1, maxLength: 60 }),
    });
    const items = array(item, { maxLength: 20 }).map((all) => [
      ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
    ]);
    assert(
      property(
        items.chain((all) => shuffledSubarray(all, { minLength: all.length }).map((other) => ({ all, other }))),
        ({ all, other }) => {
          const names = exposedNames(all, new Set(['a']));
          expect(new Set([...names, 'a']).size).toBe(all.length + 1);
          expect(names.filter((name) => !/^[A-Za-z0-9_-]{1,40}$/.test(name))).toEqual([]);
          const byItem = new Map(all.map((one, index) => [one, names[index]]));
          expect(exposedNames(other, new Set(['a']))).toEqual(other.map((one) => byItem.get(one)));
        },
      ),
      { numRuns: 500 },
    );
  });
});
