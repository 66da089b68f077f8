import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeDiscovery } from '../../platform/discovery.ts';
import { programs } from '../support/daemon-process.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import { killQuietly, processesWith } from '../support/processes.ts';
import { RawClient, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

/** A window that may start the daemon; port 0 keeps it off the default port of the person who runs the tests. */
const starting = { EXAI_WS_AUTOSTART: 'true', EXAI_WS_PORT: '0', EXAI_LOG_PREFIX: 'w' };

async function openWindow(env: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const window = scene.startShim({ ...starting, ...env });
  await window.initialize('starter', 20_000);
  await window.callTool('version', {}, { timeoutMs: 20_000 });
  return window;
}

function onlyDaemon(): number {
  const pids = scene.home.daemonPids();
  expect(pids).toHaveLength(1);
  return pids[0] ?? 0;
}

describe('a daemon started by a window', () => {
  it('PF-R4 PF-W7: twenty windows without a daemon start one', async () => {
    const windows = await Promise.all(Array.from({ length: 20 }, () => openWindow()));
    const pid = onlyDaemon();
    expect(scene.home.readDiscovery()).toMatchObject({ state: 'running', pid });
    const runs = await Promise.all(windows.map(async (window) => textOf(await window.callTool('version'))));
    const { daemonRunId } = scene.home.readDiscovery();
    for (const text of runs) expect(text).toContain(daemonRunId);
    expect(scene.logLines('ws_daemon.log').filter(({ msg }) => msg === 'daemon started')).toHaveLength(1);
    expect(await scene.sessions()).toHaveLength(20);
  });

  it('PF-W7: a daemon started by a person is one process', async () => {
    const daemon = await scene.startDaemon();
    await openWindow();
    expect(scene.home.daemonPids()).toEqual([daemon.pid]);
  });

  it('PF-W3: it holds none of the editor’s pipes', async () => {
    const window = await openWindow();
    const pid = onlyDaemon();
    window.kill('SIGKILL');
    // `exited` waits for the end of stdout and stderr too, which comes when nobody has them open any more.
    await withDeadline('the end of the pipes', window.exited, 2_000);
    expect(scene.home.daemonPids()).toEqual([pid]);
    for (const fd of [0, 1, 2]) expect(readlinkSync(`/proc/${pid}/fd/${fd}`)).toBe('/dev/null');
  });

  it('SHIM-S13: it gets none of the editor’s variables, and a session of its own', async () => {
    await openWindow({
      ELECTRON_RUN_AS_NODE: '1',
      ELECTRON_NO_ATTACH_CONSOLE: '1',
      NODE_OPTIONS: '--no-warnings',
      VSCODE_PID: '4711',
      VSCODE_IPC_HOOK: '/tmp/hook',
      SOME_API_KEY: 'not-for-the-daemon',
      EXAI_SESSION_ID: 'mine',
      EXAI_SESSION_GRACE_SECS: '7',
    });
    const pid = onlyDaemon();
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const names = environment.map((entry) => entry.split('=')[0] ?? '');
    expect(names.filter((name) => /^(?:ELECTRON_|NODE_OPTIONS|VSCODE_|SOME_)/.test(name))).toEqual([]);
    expect(names).not.toContain('EXAI_SESSION_ID');
    expect(environment).toEqual(
      expect.arrayContaining([
        `HOME=${scene.home.path}`,
        'EXAI_SESSION_GRACE_SECS=7',
        'EXAI_DAEMON_OWNER=autostart',
        `EXAI_STATE_DIR=${scene.home.stateDir}`,
      ]),
    );
    // Fields behind the command: state, ppid, process group, session.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect([group, session]).toEqual([String(pid), String(pid)]);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(scene.home.stateDir);
  });

  it('PF-R9: the command of the discovery file starts it', async () => {
    const daemon = await scene.startDaemon();
    await daemon.stop();
    expect(scene.home.readDiscovery()).toMatchObject({
      state: 'stopped',
      launch: [process.execPath, scene.program],
    });
    const window = await openWindow();
    expect(textOf(await window.callTool('whoami'))).not.toBe(''); // only that program has this tool
    expect(processesWith(`EXAI_STATE_DIR=${scene.home.stateDir}`).map(({ command }) => command)).toContain(
      `${process.execPath} ${scene.program}`,
    );
  });

  it.each([
    ['the script is gone', [process.execPath, '/nowhere/daemon.js']],
    ['the program is gone', ['/nowhere/node', programs.daemon]],
  ])('PF-R9: after an update: %s', async (_what, launch) => {
    const daemon = await scene.startDaemon();
    await daemon.kill();
    writeDiscovery(scene.home.layout.discoveryFile, { ...scene.home.readDiscovery(), launch });
    await openWindow();
    const pid = onlyDaemon();
    const processes = processesWith(`EXAI_STATE_DIR=${scene.home.stateDir}`);
    expect(processes.find((one) => one.pid === pid)?.command).toBe(`${process.execPath} ${programs.daemon}`);
  });

  it('PF-R9: a daemon that cannot start is named in the answer', async () => {
    const window = scene.startShim({ ...starting, EXAI_SHIM_QUEUE_SECS: '1', EXAI_WS_SESSION_MAX_INFLIGHT: '99' });
    await window.initialize();
    const answer = await window.callTool('version');
    expect(answer.error?.data).toMatchObject({ code: 'DAEMON_UNAVAILABLE', retryable: true, mayHaveRun: false });
    expect(answer.error?.data?.['hint']).toContain('exit 78');
    expect(scene.home.daemonPids()).toEqual([]);
  });

  it('PF-R2: it is started again when it is killed under a call', async () => {
    const window = await openWindow();
    const [before] = scene.home.daemonPids();
    killQuietly(onlyDaemon(), 'SIGKILL');
    expect(textOf(await window.callTool('version'))).toContain('EXAI daemon');
    const pid = onlyDaemon();
    expect(pid).not.toBe(before);
    expect(scene.home.readDiscovery()).toMatchObject({ pid });
  });
});

describe('an editor that is killed', () => {
  const editorSource = `
    import { spawn } from 'node:child_process';
    const [, , shim, stdio] = process.argv;
    spawn(process.execPath, [shim], { stdio: [stdio, stdio, 'ignore'] });
    setInterval(() => {}, 60_000);
  `;

  it.each([
    ['its pipes close', 'pipe'],
    ['somebody else has its pipes', 'inherit'],
  ])('PF-R5: its windows end and start nothing any more: %s', async (_what, stdio) => {
    const editor = join(scene.home.path, 'editor.mjs');
    writeFileSync(editor, editorSource);
    const client = new RawClient({
      command: process.execPath,
      args: [editor, programs.shim, stdio],
      env: { ...scene.home.env, ...starting, EXAI_SHIM_PARENT_POLL_SECS: '0.2' },
      cwd: scene.home.path,
    });
    scene.onEnd(() => client.kill('SIGKILL'));
    const shims = () => processesWith(`EXAI_STATE_DIR=${scene.home.stateDir}`).filter(isShim);
    const [shim] = await eventually('the shim', () => (shims().length === 1 ? shims() : undefined));
    await eventually('the daemon', () => (scene.home.daemonPids().length === 1 ? true : undefined));
    if (stdio === 'inherit') expect((await client.initialize()).result).toBeDefined();
    client.kill('SIGKILL');
    await eventually('the end of the shim', () => (shims().length === 0 ? true : undefined), 10_000);
    killQuietly(onlyDaemon(), 'SIGKILL');
    await eventually('the end of the daemon', () => (scene.home.daemonPids().length === 0 ? true : undefined));
    expect(processesWith(`EXAI_STATE_DIR=${scene.home.stateDir}`)).toEqual([]);
    expect(shim).toBeDefined();
  });

  /** The editor's own command line names the shim as well. */
  function isShim({ command }: { readonly command: string }): boolean {
    return command.endsWith(programs.shim);
  }
});
