import { describe, expect, it } from 'vitest';
import { FailureError } from '../../protocol/errors.ts';
import { hostVerbNames } from '../../protocol/host-verbs.ts';
import { answerVerb, type HostHandlers } from './bridge-handlers.ts';

const page = { isTopFrame: true, url: 'app://exai/index.html' };
const never = (): never => {
  throw new Error('not to be called');
};

function handlers(part: Partial<HostHandlers>): HostHandlers {
  return {
    getState: never,
    command: never,
    copyText: never,
    pickFolder: never,
    reveal: never,
    openDashboard: never,
    setPreference: never,
    dismissNotice: never,
    ...part,
  };
}

describe('TRAY-bridge: verbs of the page', () => {
  it('are at most ten', () => {
    expect(hostVerbNames.length).toBeLessThanOrEqual(10);
  });

  it.each([
    { isTopFrame: false, url: 'app://exai/index.html' },
    { isTopFrame: true, url: 'https://evil.example/' },
    { isTopFrame: true, url: 'app://exai.evil/' },
    { isTopFrame: true, url: 'file:///index.html' },
    { isTopFrame: true, url: null },
  ])('are refused to %j', async (sender) => {
    expect(await answerVerb('pickFolder', {}, sender, handlers({}))).toMatchObject({ ok: false, code: 'FORBIDDEN' });
  });

  it.each([
    ['command', { type: 'run', program: 'sh' }],
    ['command', null],
    ['copyText', { text: 5 }],
    ['copyText', { text: 'x', clearAfterMs: -1 }],
    ['reveal', { what: '/etc/passwd' }],
    ['setPreference', { theme: 'pink' }],
  ] as const)('%s refuses %j before anybody acts', async (verb, input) => {
    expect(await answerVerb(verb, input, page, handlers({}))).toMatchObject({ ok: false, code: 'VALIDATION_ERROR' });
  });

  it('get what the schema has parsed, and answer what the schema allows', async () => {
    const seen: unknown[] = [];
    const answer = await answerVerb(
      'copyText',
      { text: 'x', more: 1 },
      page,
      handlers({
        copyText: (input) => {
          seen.push(input);
          return { isCopied: true };
        },
      }),
    );
    expect([answer, seen]).toEqual([{ ok: true, value: { isCopied: true } }, [{ text: 'x' }]]);
  });

  it('carry the code of a failure, and hide no bug behind one', async () => {
    const fail = (error: Error) =>
      answerVerb(
        'openDashboard',
        {},
        page,
        handlers({
          openDashboard: () => {
            throw error;
          },
        }),
      );
    const expected = new FailureError({ code: 'DAEMON_UNAVAILABLE', message: 'It does not run.' });
    expect(await fail(expected)).toEqual({ ok: false, code: 'DAEMON_UNAVAILABLE', message: 'It does not run.' });
    expect(await fail(new Error('a bug'))).toEqual({ ok: false, code: 'INTERNAL_ERROR', message: 'a bug' });
  });
});
