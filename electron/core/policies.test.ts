import { describe, expect, it } from 'vitest';
import { isAllowedLink, isOwnPage } from './link-policy.ts';
import { connectedSessions, quitPlan, quitQuestion, stopQuestion } from './quit-policy.ts';
import { session, snapshot } from './testing/facts.ts';
import { layoutKey, windowPlace } from './window-place.ts';

describe('TRAY-quit: what a quit does', () => {
  it.each([
    [{ connected: 0, choice: undefined, preference: 'ask' }, 'stop'],
    [{ connected: 0, choice: undefined, preference: 'keep' }, 'stop'],
    [{ connected: 2, choice: undefined, preference: 'ask' }, 'ask'],
    [{ connected: 2, choice: undefined, preference: 'keep' }, 'keep'],
    [{ connected: 2, choice: 'stop', preference: 'ask' }, 'stop'],
  ] as const)('%j → %s', (facts, type) => {
    expect(quitPlan(facts)).toEqual({ type });
  });

  it('counts windows that are away and not those that have ended', () => {
    const sessions = [
      session('a', { connectionStatus: 'detached' }),
      session('b', { connectionStatus: 'ended' }),
      session('c'),
    ];
    expect(connectedSessions(snapshot({ sessions })).map(({ sessionId }) => sessionId)).toEqual(['a', 'c']);
    expect(connectedSessions(null)).toEqual([]);
  });

  it('asks with the names of the windows, the harmless answer first', () => {
    const question = quitQuestion(Array.from({ length: 8 }, (_, index) => session(`s${index}`)));
    expect(question).toMatchObject({
      title: 'Quit EXAI Tray?',
      body: '8 sessions are connected: s0, s1, s2, s3, s4, s5, and 2 more.',
      choices: [{ id: 'cancel' }, { id: 'keep' }, { id: 'stop' }],
      cancel: 'cancel',
    });
    expect(quitQuestion([session('s')]).body).toBe('1 session is connected: s.');
  });

  it('asks before a stop only while calls run', () => {
    expect(stopQuestion(snapshot())).toBeUndefined();
    const call = {
      callId: 'c',
      sessionKey: 'k',
      sessionId: 's',
      tool: 'chat',
      upstream: null,
      provider: null,
      state: 'running' as const,
      receivedAt: 1,
      startedAt: 1,
      queuedMs: 0,
      queuePosition: null,
      deadlineAt: null,
      progress: null,
      argumentsPreview: null,
    };
    const sessions = [session('s', { key: 'k', name: 'VSCode 1' })];
    expect(stopQuestion(snapshot({ sessions, calls: [call] }))).toMatchObject({
      title: 'Stop while 1 call is running?',
      body: 'chat (VSCode 1).',
      choices: [{ id: 'wait' }, { id: 'now' }, { id: 'cancel' }],
    });
  });
});

describe('TRAY-place: where the window opens', () => {
  const screen = { workArea: { x: 0, y: 0, width: 1_920, height: 1_040 } };
  const second = { workArea: { x: 1_920, y: 0, width: 1_280, height: 1_024 } };

  it.each([
    ['in the middle', { remembered: undefined, tray: undefined }, { x: 770, y: 240, width: 380, height: 560 }],
    [
      'above a taskbar',
      { remembered: undefined, tray: { x: 1_700, y: 1_045, width: 24, height: 24 } },
      { x: 1_522, y: 477, width: 380, height: 560 },
    ],
    [
      'below a menu bar, within the screen',
      { remembered: undefined, tray: { x: 1_890, y: 0, width: 24, height: 24 } },
      { x: 1_532, y: 32, width: 380, height: 560 },
    ],
    [
      'where it was',
      { remembered: { x: 2_000, y: 100, width: 500, height: 700 }, tray: undefined },
      { x: 2_000, y: 100, width: 500, height: 700 },
    ],
    [
      'with its size when too little of it is in view',
      { remembered: { x: 3_100, y: 100, width: 500, height: 700 }, tray: undefined },
      { x: 710, y: 170, width: 500, height: 700 },
    ],
  ])('%s', (_name, facts, place) => {
    expect(windowPlace({ screens: [screen, second], ...facts })).toEqual(place);
  });

  it('is remembered by the monitors, in any order', () => {
    expect(layoutKey([screen, second])).toBe(layoutKey([second, screen]));
    expect(layoutKey([screen])).not.toBe(layoutKey([screen, second]));
  });
});

describe('TRAY-links: where the window may lead', () => {
  it.each([
    ['app://exai/index.html', true],
    ['app://exai/#/rotation', true],
    ['app://exai/api/snapshot', false],
    ['app://exai.evil/index.html', false],
    ['http://exai/index.html', false],
    ['https://github.com/', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['no address', false],
  ])('%s is our page: %s', (url, isOurs) => {
    expect(isOwnPage(url)).toBe(isOurs);
  });

  it.each([
    ['https://github.com/some/where', true],
    ['http://github.com/', false],
    ['https://github.com.evil.example/', false],
    ['https://user@github.com/', false],
    ['file:///etc/passwd', false],
    ['vscode://x', false],
  ])('%s opens in the browser: %s', (url, isAllowed) => {
    expect(isAllowedLink(url)).toBe(isAllowed);
  });
});
