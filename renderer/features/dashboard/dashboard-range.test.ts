import { expect, it } from 'vitest';
import { hrefOf, parseAddress } from '../../state/router.ts';
import { queryOfRange, rangeOf } from './dashboard-range.ts';

const read = (text: string) => rangeOf(new URLSearchParams(text));

it('reads a named range, else an hour', () => {
  expect(read('range=15m')).toEqual({ type: 'named', id: '15m' });
  expect(read('')).toEqual({ type: 'named', id: '1h' });
  expect(read('range=forever')).toEqual({ type: 'named', id: '1h' });
});

it('reads a custom range only when it is one', () => {
  expect(read('from=100&to=200&range=7d')).toEqual({ type: 'custom', from: 100, to: 200 });
  for (const text of ['from=200&to=100', 'from=1', 'to=1', 'from=a&to=b', 'from=-5&to=-1']) {
    expect(read(text)).toEqual({ type: 'named', id: '1h' });
  }
});

it('comes back from its address', () => {
  for (const range of [{ type: 'named', id: '7d' } as const, { type: 'custom', from: 10, to: 20 } as const]) {
    expect(rangeOf(parseAddress(hrefOf([], queryOfRange(range))).query)).toEqual(range);
  }
});
