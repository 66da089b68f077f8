import { describe, expect, it } from 'vitest';
import { uriScheme } from './uri-scheme.ts';

describe('uriScheme', () => {
  it.each([
    ['exai://results/c_1/2', 'exai'],
    ['FILE:///home/ana/secret.txt', 'file'],
    ['git+ssh://host/x', 'git+ssh'],
    ['urn:isbn:1', 'urn'],
    ['', 'none'],
    ['/home/ana/secret.txt', 'none'],
    ['7zip://x', 'none'],
    ['a b://x', 'none'],
    [`${'x'.repeat(33)}://y`, 'none'],
  ])('WIRE-8.4 WIRE-F6: of %j only the scheme %j is left', (uri, scheme) => {
    expect(uriScheme(uri)).toBe(scheme);
  });
});
