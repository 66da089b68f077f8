import { describe, expect, it } from 'vitest';
import { takeTicket } from './sign-in.ts';

/** What `takeTicket` finds in an address, and the address it leaves. */
function take(hash: string): { ticket: string | undefined; left: string } {
  let left = `/?a=1${hash}`;
  const location = { hash, pathname: '/', search: '?a=1' } as Location;
  const history = {
    state: null,
    replaceState: (_state: unknown, _title: string, url: string) => {
      left = url;
    },
  } as unknown as History;
  return { ticket: takeTicket(location, history), left };
}

describe('takeTicket', () => {
  it.each([
    ['#ticket=abc', 'abc', '/?a=1'],
    ['#ticket=a%2Bb', 'a+b', '/?a=1'],
    ['#ticket=abc&locale=en-XA', 'abc', '/?a=1#?locale=en-XA'],
    ['#/activity?session=x&ticket=abc', 'abc', '/?a=1#/activity?session=x'],
    ['#/sessions?ticket=abc&range=1h', 'abc', '/?a=1#/sessions?range=1h'],
    ['#ticket=%E0%A4%A', '%E0%A4%A', '/?a=1'],
    ['#ticket=', '', '/?a=1'],
  ])('takes the ticket out of %s', (hash, ticket, left) => {
    expect(take(hash)).toEqual({ ticket, left });
  });

  it('leaves other addresses alone', () => {
    expect(take('#/sessions/vscode-instance-1%232')).toEqual({
      ticket: undefined,
      left: '/?a=1#/sessions/vscode-instance-1%232',
    });
  });
});
