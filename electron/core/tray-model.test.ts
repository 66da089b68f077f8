import { describe, expect, it } from 'vitest';
import { session, snapshot, supervisor, trayFacts } from './testing/facts.ts';
import { type TrayFacts, trayModel } from './tray-model.ts';
import { findRow, plainRows, type TrayRow } from './tray-row.ts';
import { nextPictureInMs, trayPicture, trayPictureFile } from './tray-state.ts';

/** `id: label`, with `-` in front of what is disabled and `✓` behind what is checked. */
function lines(rows: readonly TrayRow[], indent = ''): string[] {
  return rows.flatMap(({ id, label, isEnabled, isChecked, submenu = [] }) => [
    `${indent}${isEnabled ? '' : '- '}${id}: ${label}${isChecked === true ? ' ✓' : ''}`,
    ...lines(submenu, `${indent}  `),
  ]);
}

function menuOf(part: Partial<TrayFacts>): string[] {
  return lines(trayModel(trayFacts(part)).menu);
}

const busy = snapshot({
  totals: { sessions: 2, inflight: 2, queued: 1, refusedLastMinute: 0, callsToday: 9, errorsToday: 0 },
  sessions: [
    session('vscode-instance-1', { name: 'EXAI-WS-VSCode1', workspaceName: 'shop-api', connectedAt: 1 }),
    session('vscode-instance-1#2', { name: 'EXAI-WS-VSCode1', connectedAt: 2, logSource: null }),
  ],
});

const portTaken = {
  code: 'PORT_IN_USE',
  params: { port: 8765, next: 8766, process: 'python', pid: 9120 },
  stderrTail: [],
} as const;

describe('TRAY-menu: the model of the tray', () => {
  it('shows every row over a ready daemon with two sessions', () => {
    expect(menuOf({ snapshot: busy, asksAtQuit: true })).toEqual([
      '- status: Running: 2 sessions, 2 calls',
      'open: Open EXAI Tray',
      'dashboard: Open dashboard in browser',
      'add: Add VSCode instance…',
      'sessions: Sessions',
      '  session:vscode-instance-1#2: EXAI-WS-VSCode1 · vscode-instance-1#2',
      '    session:vscode-instance-1#2:copy-id: Copy session id',
      '    - session:vscode-instance-1#2:log: Open log',
      '    session:vscode-instance-1#2:disconnect: Disconnect',
      '  session:vscode-instance-1: EXAI-WS-VSCode1 · shop-api · vscode-instance-1',
      '    session:vscode-instance-1:copy-id: Copy session id',
      '    session:vscode-instance-1:log: Open log',
      '    session:vscode-instance-1:disconnect: Disconnect',
      '  sessions:all: All sessions…',
      'copy-config: Copy config',
      '  copy-config:1: VSCode 1',
      '  copy-config:2: VSCode 2',
      '  copy-config:3: VSCode 3',
      '  copy-config:4: VSCode 4',
      'rotate: Rotate token',
      'daemon: Daemon',
      '  - daemon:start: Start',
      '  daemon:restart: Restart',
      '  daemon:stop: Stop',
      '  daemon:pause: Pause new calls',
      '  daemon:logs: Logs folder',
      '  daemon:diagnostics: Copy diagnostics',
      'login: Launch at login',
      'update: Check for updates…',
      'quit: Quit…',
    ]);
  });

  it('keeps its rows and disables them while the daemon is stopped', () => {
    expect(
      menuOf({ supervisor: supervisor('stopped'), snapshot: null }).filter((line) => !line.startsWith('  ')),
    ).toEqual([
      '- status: Stopped',
      'open: Open EXAI Tray',
      '- dashboard: Open dashboard in browser',
      '- add: Add VSCode instance…',
      '- sessions: Sessions',
      '- copy-config: Copy config',
      '- rotate: Rotate token',
      'daemon: Daemon',
      'login: Launch at login',
      'update: Check for updates…',
      'quit: Quit',
    ]);
  });

  it('names a problem as its cure, and offers the free port', () => {
    const rows = menuOf({
      supervisor: supervisor('failed', { problem: { ...portTaken, stderrTail: [] } }),
      snapshot: null,
    });
    expect(rows[1]).toBe('problem: Port 8765 is taken. Fix…');
    expect(rows).toContain('  daemon:use-port: Use port 8766');
  });

  it.each<[string, Partial<TrayFacts>]>([
    ['Starting…', { supervisor: supervisor('starting'), snapshot: null }],
    ['Stopping…', { supervisor: supervisor('stopping'), snapshot: null }],
    ['Stopped, starting again…', { supervisor: supervisor('backing-off'), snapshot: null }],
    ['Not running', { supervisor: supervisor('failed'), snapshot: null }],
    ['Running, reading its state…', { snapshot: null }],
    ['Paused: 2 sessions, 2 calls', { snapshot: { ...busy, daemon: { ...busy.daemon, isPaused: true } } }],
    ['Draining: 2 calls left', { snapshot: { ...busy, daemon: { ...busy.daemon, state: 'draining' } } }],
    [
      'Running, token off: 2 sessions, 2 calls',
      { snapshot: { ...busy, daemon: { ...busy.daemon, authPolicy: 'open' } } },
    ],
  ])('says first: %s', (label, part) => {
    expect(menuOf(part)[0]).toBe(`- status: ${label}`);
  });

  it.each<[string, Partial<TrayFacts>]>([
    ['update: Restart to update to 1.5.0', { update: { state: 'ready', version: '1.5.0' } }],
    ['- update: Loading update 1.5.0…', { update: { state: 'downloading', version: '1.5.0' } }],
    ['- update: Check for updates…', { update: { state: 'checking' } }],
    ['login: Launch at login ✓', { loginItem: 'on' }],
    ['- login: Launch at login', { loginItem: 'unavailable' }],
    ['- rotate: Rotate token', { snapshot: { ...busy, daemon: { ...busy.daemon, authPolicy: 'jwt' } } }],
    ['  daemon:pause: Pause new calls ✓', { snapshot: { ...busy, daemon: { ...busy.daemon, isPaused: true } } }],
  ])('has the row %s', (line, part) => {
    expect(menuOf(part)).toContain(line);
  });

  it('lists at most ten sessions, and the other daemons where there are some', () => {
    const many = Array.from({ length: 14 }, (_, index) => session(`s${index}`, { connectedAt: index }));
    const profiles = [
      { profileId: 'default', name: 'Default', isCurrent: true },
      { profileId: 'work', name: 'Work', isCurrent: false },
    ];
    const rows = menuOf({ snapshot: snapshot({ sessions: many }), profiles });
    expect(rows.filter((line) => /^ {2}session:/.test(line))).toHaveLength(10);
    expect(rows).toContain('  - profile:default: Default ✓');
    expect(rows).toContain('  profile:work: Work');
  });

  it('finds what a click does, and nothing behind a disabled row', () => {
    const { menu } = trayModel(trayFacts({ snapshot: busy }));
    expect(findRow(menu, 'session:vscode-instance-1:disconnect')?.action).toEqual({
      type: 'disconnect',
      sessionKey: 'vscode-instance-1',
    });
    expect(findRow(menu, 'daemon:start')).toBeUndefined();
    expect(findRow(trayModel(trayFacts()).menu, 'sessions:all')).toBeUndefined();
    expect(JSON.stringify(plainRows(menu))).not.toContain('action');
  });
});

describe('TRAY-menu: the problem in the menu', () => {
  const refused = (scope: { kind: 'session' | 'provider'; id: string }) =>
    snapshot({
      sessions: [session('vscode-instance-1', { key: 'key-1', name: 'VSCode 1' })],
      problems: [{ problemId: 'p', code: 'OVER_CAPACITY', severity: 'warning', scope, since: 1, params: {} }],
    });

  it.each([
    [{ kind: 'session', id: 'key-1' }, 'VSCode 1 is at its limit. Fix…'],
    [{ kind: 'session', id: 'gone' }, 'gone is at its limit. Fix…'],
    [{ kind: 'provider', id: 'kimi' }, 'kimi is at its limit. Fix…'],
  ] as const)('names what %o is', (scope, label) => {
    const { menu } = trayModel(trayFacts({ snapshot: refused(scope) }));
    expect(findRow(menu, 'problem')?.label).toBe(label);
  });
});

describe('TRAY-icon: the state of the icon', () => {
  const warned = snapshot({
    problems: [
      {
        problemId: 'p',
        code: 'OVER_CAPACITY',
        severity: 'warning',
        scope: { kind: 'provider', id: 'kimi' },
        since: 1,
        params: {},
      },
    ],
  });
  const ill = snapshot({
    problems: [
      {
        problemId: 'p',
        code: 'DISK_FULL',
        severity: 'error',
        scope: { kind: 'daemon', id: 'd' },
        since: 1,
        params: {},
      },
    ],
  });
  const silent = { code: 'DAEMON_UNAVAILABLE', params: { seconds: 10 }, stderrTail: [] } as const;

  it.each<[string, string, Partial<TrayFacts>]>([
    [
      'error',
      'EXAI Tray: Port 8765 is taken',
      { supervisor: supervisor('failed', { problem: { ...portTaken, stderrTail: [] } }), snapshot: null },
    ],
    [
      'error',
      'EXAI Tray: The daemon is not answering',
      { supervisor: supervisor('ready', { problem: { ...silent, stderrTail: [] } }) },
    ],
    ['error', 'EXAI Tray: The disk is full', { snapshot: ill }],
    ['stopped', 'EXAI Tray: Stopped', { supervisor: supervisor('stopped'), snapshot: null }],
    ['starting', 'EXAI Tray: Starting…', { supervisor: supervisor('starting'), snapshot: null }],
    ['starting', 'EXAI Tray: Stopped, starting again…', { supervisor: supervisor('backing-off'), snapshot: null }],
    ['attention', 'EXAI Tray: kimi is at its limit', { snapshot: warned }],
    [
      'attention',
      'EXAI Tray: no sessions',
      { snapshot: snapshot({ sessions: [session('a', { hasOldToken: true })] }) },
    ],
    ['working', 'EXAI Tray: 2 sessions · 2 running · 1 waiting', { snapshot: busy }],
    ['working', 'EXAI Tray: no sessions', { workedAt: 9_500 }],
    ['idle', 'EXAI Tray: no sessions', { workedAt: 9_000 }],
  ])('%s: %s', (state, tooltip, part) => {
    expect(trayModel(trayFacts(part))).toMatchObject({ state, tooltip });
  });

  it('cuts a tooltip at 120 characters', () => {
    const params = { lastLine: 'x', port: 'y'.repeat(200) };
    const long = supervisor('failed', { problem: { ...portTaken, params, stderrTail: [] } });
    expect(trayModel(trayFacts({ supervisor: long, snapshot: null })).tooltip).toHaveLength(120);
  });

  it('swaps the halves while starting, rests after 10 s, and never moves where motion is reduced', () => {
    expect([0, 599, 600, 1_200, 10_000].map((since) => trayPicture('starting', since, false))).toEqual([
      'starting',
      'starting',
      'starting-b',
      'starting',
      'starting',
    ]);
    expect(trayPicture('starting', 600, true)).toBe('starting');
    expect(nextPictureInMs('starting', 700, false)).toBe(500);
    expect(nextPictureInMs('idle', 700, false)).toBeUndefined();
  });

  it.each([
    ['darwin', true, 'automatic', 'tray/mac/idleTemplate.png'],
    ['win32', true, 'automatic', 'tray/win/idle-light.ico'],
    ['win32', false, 'automatic', 'tray/win/idle-dark.ico'],
    ['linux', false, 'automatic', 'tray/linux/idle-light.png'],
    ['linux', true, 'dark', 'tray/linux/idle-dark.png'],
  ] as const)('takes the picture of %s', (platform, isBarDark, glyph, file) => {
    expect(trayPictureFile('idle', { platform, isBarDark, glyph })).toBe(file);
  });
});
