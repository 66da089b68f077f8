import { expect, it } from 'vitest';
import { UiSessions, uiSessionIdleMs } from './ui-sessions.ts';

function setUp() {
  const clock = { ms: 0 };
  return { clock, sessions: new UiSessions({ now: () => clock.ms }) };
}

it('LIVE-csrf: a cookie has a key of its own', () => {
  const { sessions } = setUp();
  const [one, other] = [sessions.signIn([]), sessions.signIn([])];
  expect(one.cookie).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(one.requestKey).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const found = sessions.find(one.cookie);
  expect(found).toBe(one.session);
  expect(found?.hasKey(one.requestKey)).toBe(true);
  expect(['', one.cookie, other.requestKey].map((key) => found?.hasKey(key))).toEqual([false, false, false]);
  expect(sessions.find('unknown')).toBeUndefined();
});

it('a second sign-in of one browser joins its session, and both keys are good', () => {
  const { sessions } = setUp();
  const first = sessions.signIn([]);
  const second = sessions.signIn(['planted by another port', first.cookie]);
  expect(second.cookie).toBe(first.cookie);
  expect([first, second].map(({ requestKey }) => second.session.hasKey(requestKey))).toEqual([true, true]);
  const later = Array.from({ length: 15 }, () => sessions.signIn([first.cookie]));
  expect(first.session.hasKey(first.requestKey)).toBe(false); // 16 at most
  expect(later.every(({ requestKey }) => first.session.hasKey(requestKey))).toBe(true);
});

it('a cookie that we did not make is not taken over', () => {
  const { sessions } = setUp();
  expect(sessions.signIn(['chosen-by-somebody-else']).cookie).not.toBe('chosen-by-somebody-else');
});

it('LIVE-ui-session-expiry: use moves the end, an open stream is use', () => {
  const { clock, sessions } = setUp();
  const { cookie, session } = sessions.signIn([]);
  clock.ms += uiSessionIdleMs - 1;
  sessions.find(cookie)?.use()();
  clock.ms += uiSessionIdleMs - 1;
  const release = sessions.find(cookie)?.use();
  clock.ms += 10 * uiSessionIdleMs;
  expect(sessions.find(cookie)).toBe(session);
  release?.();
  release?.(); // once counts
  clock.ms += uiSessionIdleMs;
  expect(sessions.find(cookie)).toBeUndefined();
  expect(session.ended.aborted).toBe(true);
});

it('LIVE-ui-session-expiry: at most 32, the one longest without use makes room', () => {
  const { clock, sessions } = setUp();
  const all = Array.from({ length: 32 }, () => {
    clock.ms += 1;
    return sessions.signIn([]);
  });
  const streaming = all[0]?.session.use();
  const more = sessions.signIn([]);
  expect(all.map(({ session }) => session.ended.aborted).indexOf(true)).toBe(1);
  expect(sessions.find(more.cookie)).toBe(more.session);
  streaming?.();
});

it('LIVE-ui-session-expiry: an ended session is not found', () => {
  const { sessions } = setUp();
  const { cookie, session } = sessions.signIn([]);
  session.end();
  session.end();
  expect(sessions.find(cookie)).toBeUndefined();
});
