import { describe, expect, it } from 'vitest';
import { filterOf, filterOfKey, keyOfFilter, noFilter, queryOf } from './history-filter.ts';
import { hrefOf, parseAddress } from './router.ts';

describe('filterOf', () => {
  it('reads every part', () => {
    const query = new URLSearchParams(
      'session=vscode-instance-1%232&instance=i1&tool=chat&outcome=refused&from=10&to=20.5&q=a%20b',
    );
    expect(filterOf(query)).toEqual({
      session: 'vscode-instance-1#2',
      instance: 'i1',
      tool: 'chat',
      outcome: 'refused',
      from: 10,
      to: 20.5,
      q: 'a b',
    });
  });

  it('leaves out what is no filter', () => {
    expect(filterOf(new URLSearchParams('outcome=great&from=yesterday&to=-1&q=&session=&other=1'))).toEqual({});
    expect(filterOf(new URLSearchParams({ q: 'x'.repeat(300) })).q).toHaveLength(200);
  });

  it('comes back from its address', () => {
    const filter = { session: 'a#2 ü', outcome: 'tool_error' as const, from: 1_700_000_000, q: '"<b>&' };
    const { query } = parseAddress(hrefOf(['activity'], queryOf(filter)));
    expect(filterOf(query)).toEqual(filter);
  });

  it('names every part when it clears', () => {
    expect(Object.values(noFilter).every((value) => value === undefined)).toBe(true);
    expect(Object.keys(noFilter)).toHaveLength(7);
  });
});

describe('keyOfFilter', () => {
  it('is the same for equal filters and differs for others', () => {
    expect(keyOfFilter({ session: 'a', tool: 'b' })).toBe(keyOfFilter({ tool: 'b', session: 'a' }));
    expect(keyOfFilter({ session: 'a' })).not.toBe(keyOfFilter({ tool: 'a' }));
    expect(keyOfFilter({ from: 1 })).not.toBe(keyOfFilter({ to: 1 }));
    expect(keyOfFilter({})).toBe('');
    expect(filterOfKey(keyOfFilter({ session: 'a#2&b', from: 1.5 }))).toEqual({ session: 'a#2&b', from: 1.5 });
  });
});
