import { describe, expect, it } from 'vitest';
import { hrefOf, matchPattern, parseAddress } from './router.ts';

describe('addresses', () => {
  it('keep ids with # and / in one segment', () => {
    const href = hrefOf(['sessions', 'vscode-instance-1#2/x'], { range: '1h', session: undefined, q: '' });
    expect(href).toBe('#/sessions/vscode-instance-1%232%2Fx?range=1h');
    const { segments, query } = parseAddress(href);
    expect(segments).toEqual(['sessions', 'vscode-instance-1#2/x']);
    expect(Object.fromEntries(query)).toEqual({ range: '1h' });
  });

  it('survive what was typed by hand', () => {
    expect(parseAddress('#/sessions/%E0%A4%A').segments).toEqual(['sessions', '%E0%A4%A']);
    expect(parseAddress('').segments).toEqual([]);
    expect(parseAddress('#/?q=a?b').query.get('q')).toBe('a?b');
  });

  it('fit patterns', () => {
    expect(matchPattern('/', [])).toEqual({});
    expect(matchPattern('/sessions/:sessionId', ['sessions', 'a#2'])).toEqual({ sessionId: 'a#2' });
    expect(matchPattern('/sessions/:sessionId', ['sessions'])).toBeUndefined();
    expect(matchPattern('/settings/:section?', ['settings'])).toEqual({});
    expect(matchPattern('/settings/:section?', ['settings', 'token'])).toEqual({ section: 'token' });
    expect(matchPattern('/sessions', ['sessions', 'a'])).toBeUndefined();
  });
});
