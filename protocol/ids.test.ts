import { describe, expect, it } from 'vitest';
import { instanceIdPattern, isAnnouncedName, requestIdKey } from './ids.ts';

describe('ids', () => {
  it('PF-D3 SHIM-S16: 1 and "1", 0 and "" and "n1" are five ids', () => {
    const keys = [1, '1', 0, '', 'n1'].map(requestIdKey);
    expect(new Set(keys).size).toBe(5);
  });

  it.each(['abc', 'a'.repeat(64), 'vscode-instance-1', 'A_b-9'])('WIRE-H10: %j can be announced', (name) => {
    expect(isAnnouncedName(name)).toBe(true);
  });

  it.each(['', 'ab', 'a'.repeat(65), 'a b', 'a#2', 'abc\n', 'äbc', 7, null, undefined, ['abc']])(
    'WIRE-H10: %j cannot be announced',
    (name) => {
      expect(isAnnouncedName(name)).toBe(false);
    },
  );

  it('MAIN-server-name: an instance id of ours', () => {
    expect(['inst_abc123', 'inst_ABC123', 'inst_abc', 'x'].map((id) => instanceIdPattern.test(id))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
