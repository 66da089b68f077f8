import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../electron/core/clock.ts';
import { ProcessStarter } from '../../electron/core/daemon-starter.ts';
import { changedPayloadFile, readPayloadHashes } from '../../electron/core/payload-check.ts';
import { portProblem } from '../../electron/core/port-problem.ts';
import { Supervisor, type SupervisorOptions } from '../../electron/core/supervisor.ts';
import { AdminClient } from '../../platform/admin-client.ts';
import { isProcessAlive } from '../../platform/process-info.ts';
import type { SupervisorView } from '../../protocol/host-bridge.ts';
import { programs, TestHome } from '../support/daemon-process.ts';
import { Arrivals, eventually } from '../support/deadline.ts';
import { killQuietly } from '../support/processes.ts';

/** Of the bundles: sources that run unbundled know none. */
const packageFile = new URL('../../package.json', import.meta.url);
const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageFile, 'utf8')));

/** A supervisor of the daemon in one home, and everything it has shown. */
class Watched {
  readonly shown = new Arrivals<SupervisorView>();
  readonly supervisor: Supervisor;
  repeatedCrashes = 0;

  constructor(home: TestHome, more: Partial<SupervisorOptions> & { script?: string; port?: number } = {}) {
    const { script = programs.daemon, port = 0, ...options } = more;
    const starter = new ProcessStarter({
      clock: systemClock,
      program: process.execPath,
      isElectron: false,
      script,
      env: home.env,
      ownerPid: process.pid,
    });
    this.supervisor = new Supervisor({
      layout: home.layout,
      launch: () => ({ stateDir: home.stateDir, port }),
      starter,
      clock: systemClock,
      random: () => 0.5,
      version,
      portProblem: (launch) => portProblem(launch, home.env),
      onChange: (view) => this.shown.push(view),
      onRepeatedCrash: () => {
        this.repeatedCrashes += 1;
      },
      ...options,
    });
  }

  /** The next view in this state that was not awaited before. */
  async until(state: SupervisorView['state'], timeoutMs = 15_000): Promise<SupervisorView> {
    for (;;) {
      const view = await this.shown.next(`the state ${state}`, timeoutMs, () => JSON.stringify(this.shown.all));
      if (view.state === state) return view;
    }
  }
}

let home: TestHome;
let watched: Watched[];

beforeEach(() => {
  home = new TestHome();
  watched = [];
});
afterEach(async () => {
  for (const { supervisor } of watched) await supervisor.stop();
  await home.cleanUp();
});

function watch(more: ConstructorParameters<typeof Watched>[1] = {}): Watched {
  const made = new Watched(home, more);
  watched.push(made);
  return made;
}

describe('supervisor', () => {
  it('TRAY-own-daemon: starts the daemon, drains and stops it, and leaves nothing behind', async () => {
    const tray = watch();
    tray.supervisor.start();
    const ready = await tray.until('ready');
    expect(ready).toMatchObject({ origin: 'started', problem: null, nextTryAt: null });
    expect(home.readDiscovery()).toMatchObject({
      state: 'running',
      pid: ready.pid,
      owner: { kind: 'tray', pid: process.pid },
    });
    await tray.supervisor.stop();
    expect(tray.shown.all.map(({ state }) => state)).toEqual(['starting', 'ready', 'stopping', 'stopped']);
    expect(isProcessAlive(ready.pid ?? 0)).toBe(false);
    expect(home.readDiscovery().state).toBe('stopped');
  });

  it('STOP-wait TRAY-own-daemon: where no signal arrives, as on Windows, the daemon is asked over its API', async () => {
    const deaf = new ProcessStarter({
      clock: systemClock,
      program: process.execPath,
      isElectron: false,
      script: programs.daemon,
      env: home.env,
      ownerPid: process.pid,
    });
    const signals: string[] = [];
    const tray = watch({
      starter: { start: (launch) => ({ ...deaf.start(launch), signal: (signal) => signals.push(signal) }) },
    });
    tray.supervisor.start();
    const { pid } = await tray.until('ready');
    await tray.supervisor.stop();
    expect(isProcessAlive(pid ?? 0)).toBe(false);
    expect(signals).toEqual([]);
    expect(home.readDiscovery().state).toBe('stopped');
  });

  it('TRAY-own-daemon: one that does not answer gets a signal, and is killed when it does not end', async () => {
    const tray = watch();
    tray.supervisor.start();
    const { pid } = await tray.until('ready');
    process.kill(pid ?? 0, 'SIGSTOP');
    await tray.supervisor.stop({ waitMs: 100, killAfterMs: 400 });
    expect(isProcessAlive(pid ?? 0)).toBe(false);
    expect(tray.supervisor.view.state).toBe('stopped');
  });

  it('TRAY-stop: a daemon that lets its calls finish stays stopped, even when it dies meanwhile', async () => {
    await home.startDaemon({ testTools: true });
    const tray = watch();
    tray.supervisor.start();
    const { pid } = await tray.until('ready');
    const editor = home.startShim({ env: { EXAI_SESSION_ID: 'window-1' } });
    await editor.initialize();
    const lost = editor.callTool('sleep', { ms: 600_000 });
    lost.catch(() => undefined); // its window ends first
    const client = AdminClient.open(home.layout);
    await eventually('the call', async () => ((await client.call('calls')).calls.length > 0 ? true : undefined));
    await tray.supervisor.endAfterCalls('stay-stopped');
    expect(await client.call('status')).toMatchObject({ status: 'draining' });
    client.close();
    expect(tray.supervisor.view.state).toBe('ready');
    killQuietly(pid ?? 0, 'SIGKILL');
    expect(await tray.until('stopped')).toMatchObject({ problem: null });
  });

  it('TRAY-restart: a daemon that is killed is started again after a pause', async () => {
    const tray = watch();
    tray.supervisor.start();
    const first = await tray.until('ready');
    killQuietly(first.pid ?? 0, 'SIGKILL');
    const pause = await tray.until('backing-off');
    expect(pause.problem).toMatchObject({ code: 'DAEMON_EXITED', params: { how: 'signal SIGKILL' } });
    expect((pause.nextTryAt ?? 0) * 1000 - Date.now()).toBeGreaterThan(100);
    const second = await tray.until('ready');
    expect(second.pid).not.toBe(first.pid);
    expect(second.problem).toBeNull();
    killQuietly(second.pid ?? 0, 'SIGKILL');
    await tray.until('ready');
    expect(tray.repeatedCrashes).toBe(1);
  });

  it('TRAY-crash-loop: gives up after five crashes and shows the last lines of stderr', async () => {
    const script = join(home.path, 'crashing.js');
    writeFileSync(script, `for (let i = 1; i <= 30; i++) console.error('line ' + i); process.exit(9);\n`);
    const clock = { ...systemClock, schedule: (call: () => void, ms: number) => systemClock.schedule(call, ms / 20) };
    const tray = watch({ script, clock });
    tray.supervisor.start();
    const failed = await tray.until('failed');
    expect(tray.shown.all.filter(({ state }) => state === 'backing-off')).toHaveLength(4);
    expect(failed.problem).toMatchObject({ code: 'DAEMON_CRASH_LOOP', params: { how: 'code 9', times: 5 } });
    expect(failed.problem?.stderrTail).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 11}`));
  });

  it('TRAY-adopt: a daemon outlives a tray that is killed, and the next tray adopts it', async () => {
    const first = watch();
    first.supervisor.start();
    const { pid } = await first.until('ready');
    first.supervisor.release();
    const editor = home.startShim({ env: { EXAI_SESSION_ID: 'window-1' } });
    await editor.initialize();
    const next = watch();
    next.supervisor.start();
    expect(await next.until('ready')).toMatchObject({ origin: 'adopted', pid, problem: null });
    await editor.callTool('version');
    // The end of an adopted daemon is seen, although it is no child of this tray.
    killQuietly(pid ?? 0, 'SIGKILL');
    expect((await next.until('backing-off')).problem?.code).toBe('DAEMON_EXITED');
    expect(await next.until('ready')).toMatchObject({ origin: 'started' });
  });

  it('TRAY-other-version: a daemon of another version is adopted and says so', async () => {
    await home.startDaemon();
    const tray = watch({ version: '99.0.0' });
    tray.supervisor.start();
    const { problem } = await tray.until('ready');
    expect(problem).toMatchObject({ code: 'UPGRADE_REQUIRED', params: { daemon: version, app: '99.0.0' } });
  });

  it('TRAY-stopped-outside: a daemon that somebody stops in order is not started again', async () => {
    const daemon = await home.startDaemon();
    const tray = watch();
    tray.supervisor.start();
    await tray.until('ready');
    killQuietly(daemon.pid, 'SIGTERM');
    expect(await tray.until('stopped')).toMatchObject({ problem: null });
  });

  it('TRAY-port-taken: names who has the port, and starts on the next free one', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    let wanted = port;
    const tray = watch({ launch: () => ({ stateDir: home.stateDir, port: wanted }) });
    tray.supervisor.start();
    const { problem } = await tray.until('failed');
    expect(problem).toMatchObject({ code: 'PORT_IN_USE', params: { port, pid: process.pid } });
    expect(problem?.params['process']).toMatch(/node|vitest/);
    wanted = Number(problem?.params['next']);
    expect(wanted).toBeGreaterThan(port);
    tray.supervisor.start();
    await tray.until('ready');
    expect(home.readDiscovery()).toMatchObject({ tcp: { port: wanted } });
    await new Promise((resolve) => holder.close(resolve));
  });

  it('TRAY-bad-settings: a daemon that refuses its settings fails at once with its own words', async () => {
    mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(home.layout.settingsFile, '{"EXAI_WS_PORT":"many"}', { mode: 0o600 });
    const env = Object.fromEntries(Object.entries(home.env).filter(([name]) => name !== 'EXAI_WS_PORT'));
    const starter = new ProcessStarter({
      clock: systemClock,
      program: process.execPath,
      isElectron: false,
      script: programs.daemon,
      env,
      ownerPid: process.pid,
    });
    const tray = watch({ starter, launch: () => ({ stateDir: home.stateDir, port: null }) });
    tray.supervisor.start();
    const { problem } = await tray.until('failed');
    expect(problem?.code).toBe('DAEMON_START_FAILED');
    expect(problem?.params['lastLine']).toMatch(/EXAI_WS_PORT/);
  });

  it('TRAY-payload: a program that was changed after packing is not started, and the file is named', async () => {
    const payload = join(home.path, 'bin');
    mkdirSync(payload);
    const script = join(payload, 'daemon.js');
    writeFileSync(script, 'process.exit(0);');
    const hash = createHash('sha256').update('process.exit(0);').digest('hex');
    writeFileSync(join(home.path, 'bin-hashes.json'), JSON.stringify({ 'daemon.js': hash }));
    expect(changedPayloadFile(readPayloadHashes(home.path), payload)).toBeUndefined();
    expect(readPayloadHashes(payload)).toBeUndefined();
    writeFileSync(script, 'process.exit(1);');
    const tray = watch({
      starter: new ProcessStarter({
        clock: systemClock,
        program: process.execPath,
        isElectron: false,
        script,
        changedFile: () => changedPayloadFile(readPayloadHashes(home.path), payload),
        env: home.env,
        ownerPid: process.pid,
      }),
    });
    tray.supervisor.start();
    const { problem } = await tray.until('failed');
    expect(problem).toMatchObject({
      code: 'DAEMON_START_FAILED',
      params: { lastLine: expect.stringMatching(/^daemon[.]js is not/) },
    });
  });

  it('TRAY-hung: a daemon that does not answer three times is ended and started again', async () => {
    const tray = watch({ heartbeatMs: 300 });
    tray.supervisor.start();
    const { pid } = await tray.until('ready');
    process.kill(pid ?? 0, 'SIGSTOP');
    expect((await tray.until('ready')).problem?.code).toBe('DAEMON_UNAVAILABLE');
    await tray.until('backing-off');
    const next = await tray.until('ready');
    expect(next.pid).not.toBe(pid);
  });

  it('TRAY-hung: a daemon that wakes when it is ended for its silence is started again all the same', async () => {
    const tray = watch({ heartbeatMs: 300 });
    tray.supervisor.start();
    const { pid } = await tray.until('ready');
    process.kill(pid ?? 0, 'SIGSTOP');
    expect((await tray.until('ready')).problem?.code).toBe('DAEMON_UNAVAILABLE');
    const status = `/proc/${pid}/status`;
    const sigterm = 1n << 14n;
    await eventually('the signal that ends it', () => {
      const pending = /^ShdPnd:\s*(\S+)/m.exec(readFileSync(status, 'utf8'))?.[1] ?? '0';
      return (BigInt(`0x${pending}`) & sigterm) === 0n ? undefined : true;
    });
    tray.supervisor.heard(); // its feed says that it drains
    process.kill(pid ?? 0, 'SIGCONT');
    await tray.until('backing-off');
    expect((await tray.until('ready')).pid).not.toBe(pid);
  });

  it('DESK-update-way: a daemon that was let go for an update that came to nothing is adopted again', async () => {
    const tray = watch();
    tray.supervisor.start();
    const { pid } = await tray.until('ready');
    tray.supervisor.release();
    tray.supervisor.start();
    expect(await tray.until('ready')).toMatchObject({ pid, origin: 'adopted' });
  });

  it('TRAY-quit: a stop during a restart leaves no daemon behind', async () => {
    const tray = watch();
    tray.supervisor.start();
    await tray.until('ready');
    const restarted = tray.supervisor.restart();
    await Promise.all([tray.supervisor.stop(), restarted]);
    tray.supervisor.start(); // and by hand it starts, also where the last stop is still under way
    await tray.until('stopped');
    await tray.until('ready');
    const ending = tray.supervisor.stop();
    tray.supervisor.start();
    await Promise.all([tray.supervisor.stop(), ending]);
    const life = 'starting ready stopping stopped';
    expect(tray.shown.all.map(({ state }) => state).join(' ')).toBe(`${life} ${life}`);
    expect(home.daemonPids()).toEqual([]);
  });

  it('TRAY-killed: the daemon serves on when the process that owns it is killed', async () => {
    const owner = join(import.meta.dirname, '..', 'support', 'supervisor-process.ts');
    const child = spawn(process.execPath, [owner], { env: home.env, stdio: ['ignore', 'pipe', 'inherit'] });
    const first = await eventually('a daemon', () => home.daemonPids()[0]);
    await eventually('its readiness', () => {
      try {
        return home.readDiscovery().state === 'running' ? true : undefined;
      } catch {
        return undefined; // not written yet
      }
    });
    killQuietly(child.pid ?? 0, 'SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const tray = watch();
    tray.supervisor.start();
    expect(await tray.until('ready')).toMatchObject({ origin: 'adopted', pid: first });
  });
});
