import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localSocketPath, resolveStateDir, type SocketHost, stateLayout } from './state-dir.ts';

describe('resolveStateDir', () => {
  it.each([
    ['linux', {}, '/home/ana', '/home/ana/.local/state/exai-tray'],
    ['linux', { XDG_STATE_HOME: '/data/state' }, '/home/ana', '/data/state/exai-tray'],
    ['linux', { XDG_STATE_HOME: '' }, '/home/ana', '/home/ana/.local/state/exai-tray'],
    ['linux', { XDG_STATE_HOME: 'relative' }, '/home/ana', '/home/ana/.local/state/exai-tray'],
    ['darwin', { XDG_STATE_HOME: '/ignored' }, '/Users/ana', '/Users/ana/Library/Application Support/exai-tray'],
    ['win32', { LOCALAPPDATA: 'D:\\Local' }, 'C:\\Users\\ana', 'D:\\Local\\exai-tray'],
    ['win32', {}, 'C:\\Users\\ana', 'C:\\Users\\ana\\AppData\\Local\\exai-tray'],
    ['linux', { EXAI_STATE_DIR: '/srv/exai', XDG_STATE_HOME: '/data' }, '/home/ana', '/srv/exai'],
    ['linux', { EXAI_STATE_DIR: '' }, '/home/ana', '/home/ana/.local/state/exai-tray'],
    ['win32', { EXAI_STATE_DIR: 'D:\\exai' }, 'C:\\Users\\ana', 'D:\\exai'],
  ] as const)('MAIN-private-state: %s with %j is where WIRE §1.1 says', (platform, env, home, expected) => {
    expect(resolveStateDir(env, platform, home)).toBe(expected);
  });

  it('MAIN-exit-codes: a relative EXAI_STATE_DIR is refused, naming the variable', () => {
    expect(() => resolveStateDir({ EXAI_STATE_DIR: 'state' }, 'linux', '/home/ana')).toThrow(
      'EXAI_STATE_DIR="state": expected an absolute path',
    );
    expect(() => resolveStateDir({ EXAI_STATE_DIR: '/unix' }, 'linux', '/home/ana')).not.toThrow();
    expect(() => resolveStateDir({ EXAI_STATE_DIR: 'state\\x' }, 'win32', 'C:\\Users\\ana')).toThrow('EXAI_STATE_DIR');
  });

  it('MAIN-exit-codes: without any home the message says what to set', () => {
    expect(() => resolveStateDir({}, 'linux', '')).toThrow('set EXAI_STATE_DIR');
  });

  it('MAIN-private-state: our own environment gives the same with and without the library', () => {
    expect(resolveStateDir(process.env)).toBe(resolveStateDir({ ...process.env }, process.platform, homedir()));
  });
});

describe('stateLayout', () => {
  it('MAIN-private-state: every path is inside the state directory, at the place other programs know', () => {
    const layout = stateLayout('/s');
    expect({ ...layout, callJournalFile: layout.callJournalFile('01J9') }).toEqual({
      stateDir: '/s',
      runDir: join('/s', 'run'),
      credentialsDir: join('/s', 'credentials'),
      defaultLogDir: join('/s', 'logs'),
      envFile: join('/s', '.env'),
      settingsFile: join('/s', 'settings.json'),
      discoveryFile: join('/s', 'run', 'daemon.json'),
      lockFile: join('/s', 'run', 'daemon.lock'),
      startLockFile: join('/s', 'run', 'start.lock'),
      sharedTokenFile: join('/s', 'credentials', 'shared.json'),
      tokenFile: join('/s', 'credentials', 'shared.token'),
      adminSecretFile: join('/s', 'run', 'admin.secret'),
      uiSessionsFile: join('/s', 'run', 'ui-sessions.json'),
      knownFactsFile: join('/s', 'run', 'known-facts.json'),
      historyFile: join('/s', 'history.db'),
      callJournalFile: join('/s', 'run', 'calls-01J9.jsonl'),
    });
  });
});

describe('localSocketPath', () => {
  const linux: SocketHost = {
    platform: 'linux',
    tmpDir: '/tmp',
    uid: 1000,
    userSid: () => {
      throw new Error('only Windows has one');
    },
  };
  const windows: SocketHost = { ...linux, platform: 'win32', userSid: () => 'S-1-5-21-1-2-3-1001' };

  it('MAIN-local-first: lies in the run directory', () => {
    expect(localSocketPath('/home/ana/.local/state/exai-tray', undefined, linux)).toBe(
      '/home/ana/.local/state/exai-tray/run/daemon.sock',
    );
  });

  it('MAIN-local-first: moves to the temp directory when the path has more than 100 bytes, not characters', () => {
    const fits = `/${'s'.repeat(83)}`;
    expect(localSocketPath(fits, undefined, linux)).toHaveLength(100);
    expect(localSocketPath(`${fits}s`, undefined, linux)).toMatch(/^\/tmp\/exai-1000\/[0-9a-f]{8}\.sock$/);
    expect(localSocketPath(`/${'é'.repeat(42)}`, undefined, linux)).toMatch(/^\/tmp\/exai-1000\//);
  });

  it('MAIN-local-first: the short names are pinned, and differ per state directory and per Windows user', () => {
    const long = `/${'s'.repeat(100)}`;
    expect(localSocketPath(long, undefined, linux)).toBe('/tmp/exai-1000/a733f09d.sock');
    const pipe = localSocketPath('C:\\s', undefined, windows);
    expect(pipe).toBe('\\\\.\\pipe\\exai-tray-560f96b2');
    expect(localSocketPath('C:\\t', undefined, windows)).not.toBe(pipe);
    expect(localSocketPath('C:\\s', undefined, { ...windows, userSid: () => 'S-1-5-21-1-2-3-1002' })).not.toBe(pipe);
  });

  it('MAIN-local-first: EXAI_WS_LOCAL_PATH is taken as it is, an empty one is not', () => {
    expect(localSocketPath('/s', '/run/exai.sock', linux)).toBe('/run/exai.sock');
    expect(localSocketPath('/s', '', linux)).toBe('/s/run/daemon.sock');
  });
});
