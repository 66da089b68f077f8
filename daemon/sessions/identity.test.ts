import { describe, expect, it } from 'vitest';
import { baseName, freeName, madeUpName, shimKey } from './identity.ts';

describe('names', () => {
  it('WIRE-H10: a made-up name is s- and 22 characters, another one each time', () => {
    const names = Array.from({ length: 100 }, () => madeUpName());
    expect(new Set(names).size).toBe(100);
    for (const name of names) expect(name).toMatch(/^s-[A-Za-z0-9_-]{22}$/);
  });

  it.each(['ab', 'x'.repeat(65), 'a b', 'a#2', undefined, 7, null])(
    'WIRE-H10: announced %j is replaced',
    (announced) => {
      expect(baseName(announced, (bytes) => Buffer.alloc(bytes, 1))).toBe('s-AQEBAQEBAQEBAQEBAQEBAQ');
    },
  );

  it('WIRE-H10 PF-S1: a valid announced name is kept', () => {
    expect(baseName('vscode-instance-1')).toBe('vscode-instance-1');
  });

  it('WIRE-H11: the lowest free suffix', () => {
    const taken = new Set(['win', 'win#2', 'win#4']);
    expect(freeName('win', (name) => taken.has(name))).toBe('win#3');
    expect(freeName('other', (name) => taken.has(name))).toBe('other');
  });
});

describe('the key of a shim', () => {
  const shimId = '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11';

  it('MAIN-same-env PF-S4: differs in principal, in instance or announced name, and in process', () => {
    const keys = [
      shimKey('shared', shimId, null, 'win'),
      shimKey('open', shimId, null, 'win'),
      shimKey('shared', shimId.replace('0b', '1b'), null, 'win'),
      shimKey('shared', shimId, 'inst_01', 'win'),
      shimKey('shared', shimId, null, 'other'),
      shimKey('shared', shimId, null, undefined),
    ];
    expect(new Set(keys).size).toBe(6);
  });

  it('MAIN-same-env: no text of a client can imitate the parts of another key', () => {
    expect(shimKey('user:a","b', shimId, 'c', undefined)).not.toBe(shimKey('user:a', shimId, 'b","c', undefined));
  });

  it('WIRE-O9: clients without a shim id have none', () => {
    expect(shimKey('shared', undefined, 'inst_01', 'win')).toBeUndefined();
  });
});
