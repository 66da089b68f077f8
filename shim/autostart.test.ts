import { describe, expect, it } from 'vitest';
import { launchCommand } from './autostart.ts';
import { type AutostartFacts, shouldAutostart } from './autostart-policy.ts';
import { daemonEnvironment } from './daemon-environment.ts';

const fresh: AutostartFacts = {
  isAllowed: true,
  wasConnected: false,
  awayMs: 0,
  lastDaemon: 'unknown',
  hasOwner: true,
  isWaitedFor: false,
  starts: 0,
  sinceLastStartMs: 0,
};

describe('whether a refused connect starts the daemon', () => {
  it('PF-R9: a new window does at once, whatever became of the last daemon', () => {
    for (const lastDaemon of ['running', 'stopped', 'unknown'] as const) {
      expect(shouldAutostart({ ...fresh, lastDaemon })).toBe(true);
    }
    expect(shouldAutostart({ ...fresh, isAllowed: false })).toBe(false);
  });

  it('PF-R4: failed starts become rarer, up to five minutes', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 20].map((starts) => {
      const may = (sinceLastStartMs: number) => shouldAutostart({ ...fresh, starts, sinceLastStartMs });
      return [15_000, 30_000, 60_000, 120_000, 240_000, 300_000].find((ms) => may(ms) && !may(ms - 1));
    });
    expect(pauses).toEqual([15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it('PF-R2: a crashed daemon that has an owner is left to it for three seconds', () => {
    const crashed = { ...fresh, wasConnected: true, lastDaemon: 'running' } as const;
    expect(shouldAutostart({ ...crashed, hasOwner: false })).toBe(true);
    expect(shouldAutostart({ ...crashed, awayMs: 2_999 })).toBe(false);
    expect(shouldAutostart({ ...crashed, awayMs: 3_000 })).toBe(true);
  });

  it('PF-R5: a daemon that was stopped on purpose is raised only when somebody waits for it', () => {
    const stopped = { ...fresh, wasConnected: true, lastDaemon: 'stopped', awayMs: 60_000, hasOwner: false } as const;
    expect(shouldAutostart(stopped)).toBe(false);
    expect(shouldAutostart({ ...stopped, isWaitedFor: true })).toBe(true);
    expect(shouldAutostart({ ...stopped, isWaitedFor: true, awayMs: 100 })).toBe(false);
  });
});

describe('what is started', () => {
  const fallback = { execPath: '/usr/bin/node', shimFolder: '/opt/exai' };
  const exists =
    (...paths: string[]) =>
    (path: string) =>
      paths.includes(path);

  it('PF-R9: the command of the discovery file while what it names is there', () => {
    const launch = ['/opt/exai/exai-node', '/opt/exai/daemon.js', '--flag'];
    expect(launchCommand(launch, fallback, exists('/opt/exai/exai-node', '/opt/exai/daemon.js'))).toEqual(launch);
  });

  it('PF-R9: a script named relative to its program', () => {
    const launch = ['/opt/exai/exai-node', 'daemon.js', '--flag'];
    expect(launchCommand(launch, fallback, exists('/opt/exai/exai-node', '/opt/exai/daemon.js'))).toEqual([
      '/opt/exai/exai-node',
      '/opt/exai/daemon.js',
      '--flag',
    ]);
  });

  it.each([
    [undefined],
    [['/gone/node', '/opt/old/daemon.js']],
    [['/usr/bin/node', '/gone/daemon.js']],
    [['node', '/opt/exai/daemon.js']],
    [['/usr/bin/node', 'gone.js']],
  ])('PF-R9: after an update, %j is replaced by the daemon beside this shim', (launch) => {
    expect(launchCommand(launch, fallback, exists('/usr/bin/node', '/opt/exai/daemon.js'))).toEqual([
      '/usr/bin/node',
      '/opt/exai/daemon.js',
    ]);
  });

  it('PF-R9: a program without a script', () => {
    expect(launchCommand(['/opt/exai/exai', 'serve'], fallback, exists('/opt/exai/exai'))).toEqual([
      '/opt/exai/exai',
      'serve',
    ]);
    expect(launchCommand(['/opt/exai/exai'], fallback, exists('/opt/exai/exai'))).toEqual(['/opt/exai/exai']);
  });

  it('PF-R9: nothing where there is nothing to start', () => {
    expect(launchCommand(undefined, fallback, exists('/usr/bin/node'))).toBeUndefined();
  });

  it('SHIM-S13 SHIM-S11: the daemon gets the system’s names and its own settings, nothing of the editor or its user', () => {
    const env = {
      PATH: '/bin',
      Path: 'C:\\bin',
      HOME: '/home/ana',
      LC_ALL: 'C',
      XDG_STATE_HOME: '/x',
      SystemRoot: 'C:\\Windows',
      ELECTRON_RUN_AS_NODE: '1',
      ELECTRON_NO_ATTACH_CONSOLE: '1',
      NODE_OPTIONS: '--x',
      VSCODE_PID: '1',
      KIMI_API_KEY: 'secret',
      EXAI_SESSION_ID: 's',
      EXAI_INSTANCE_ID: 'i',
      MCP_SERVER_ID: 'm',
      EXAI_LOG_PREFIX: 'l',
      EXAI_WS_TOKEN_FILE: '/t',
      EXAI_JWT_TOKEN: 'j',
      EXAI_STATE_DIR: '/s',
      EXAI_WS_PORT: '9',
      EXAI_WS_TOKEN: 'token',
      ENV_FILE: '/e',
      LOG_LEVEL: 'DEBUG',
      EXAI_WS_LOCALAI_MAX_INFLIGHT: '2',
      EXAI_DAEMON_OWNER: 'tray:5',
      UNSET: undefined,
    };
    expect(daemonEnvironment(env, false)).toEqual({
      PATH: '/bin',
      Path: 'C:\\bin',
      HOME: '/home/ana',
      LC_ALL: 'C',
      XDG_STATE_HOME: '/x',
      SystemRoot: 'C:\\Windows',
      EXAI_STATE_DIR: '/s',
      EXAI_WS_PORT: '9',
      EXAI_WS_TOKEN: 'token',
      ENV_FILE: '/e',
      LOG_LEVEL: 'DEBUG',
      EXAI_WS_LOCALAI_MAX_INFLIGHT: '2',
      EXAI_DAEMON_OWNER: 'autostart',
    });
    expect(daemonEnvironment({}, true)).toEqual({ EXAI_DAEMON_OWNER: 'autostart', ELECTRON_RUN_AS_NODE: '1' });
  });
});
