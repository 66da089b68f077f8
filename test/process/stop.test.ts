import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callTool, inflight } from '../golden/ops-calls.ts';
import { eventually } from '../support/deadline.ts';
import { textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const name = { EXAI_SESSION_ID: 'window', EXAI_LOG_PREFIX: 'w' };
const log = 'ws_shim_w.log';
const longestWaitMs = 3_600_000;

describe('a daemon that is asked to stop over the admin API', () => {
  it('STOP-wait: it answers, lets the running call finish, refuses new ones, says shutdown and ends in order', async () => {
    const daemon = await scene.startDaemon({ EXAI_DRAIN_SECS: '0' });
    const ops = await scene.connectOps(daemon);
    const window = await scene.openWindow(name);
    const gate = join(scene.home.path, 'gate');
    const running = window.callTool('held', { text: 'finished', file: gate });
    await inflight(ops, 1);
    await scene.admin((client) => client.send('stopDaemon', { body: { waitMs: longestWaitMs } }));
    // It has answered and is still there.
    expect(await scene.admin((client) => client.call('status'))).toMatchObject({ status: 'draining' });
    const { daemon: told } = await scene.admin((client) => client.call('snapshot'));
    expect(told.state).toBe('draining');
    expect(await callTool(ops, 'late', 'count')).toMatchObject({
      ok: false,
      error: { code: 'DAEMON_UNAVAILABLE', retryable: true },
    });
    await scene.logLine(log, 'the daemon is about to stop');
    writeFileSync(gate, '');
    expect(textOf(await running)).toBe('finished');
    expect(await ops.closed).toEqual({ code: 1001, reason: 'shutdown' });
    expect(await daemon.exited).toMatchObject({ code: 0 });
    expect(scene.executions).toBe(0);
    expect(scene.home.readDiscovery()).toMatchObject({ state: 'stopped' });
    expect(await scene.logLine('ws_daemon.log', 'daemon stopping')).toMatchObject({ reason: 'admin' });
  });

  it('STOP-wait: without a time it drains as long as EXAI_DRAIN_SECS says', async () => {
    const daemon = await scene.startDaemon({ EXAI_DRAIN_SECS: '0.3' });
    const ops = await scene.connectOps(daemon);
    const window = await scene.openWindow(name);
    void window.callTool('sleep', { ms: 600_000 }).catch(() => undefined); // the window ends first
    await inflight(ops, 1);
    await scene.admin((client) => client.send('stopDaemon', { body: {} }));
    expect(await daemon.exited).toMatchObject({ code: 0 });
    expect(await scene.logLine('ws_daemon.log', 'daemon stopping')).toMatchObject({ drainMs: 300 });
  });

  it('STOP-bounded: a call that never finishes is waited for as long as was said, and may have run', async () => {
    const daemon = await scene.startDaemon({ EXAI_DRAIN_SECS: '300' });
    const window = await scene.openWindow(name);
    const answer = window.callTool('count', { ms: 600_000 });
    await scene.executed(1);
    await scene.admin((client) => client.send('stopDaemon', { body: { waitMs: 400 } }));
    expect(await daemon.exited).toMatchObject({ code: 0 });
    expect(scene.home.readDiscovery()).toMatchObject({ state: 'stopped' });
    await scene.startDaemon();
    expect((await answer).error?.data).toMatchObject({ retryable: false, mayHaveRun: true });
    expect(scene.executions).toBe(1);
  });

  it.each([
    ['a second request', async () => await scene.admin((api) => api.send('stopDaemon', { body: { waitMs: 0 } }))],
    ['exai stop', async () => void (await scene.home.runCli(['stop']))],
    ['a signal', async (pid: number) => void process.kill(pid, 'SIGTERM')],
  ])('STOP-second: %s ends the waiting of the first', async (_name, again) => {
    const daemon = await scene.startDaemon({ EXAI_DRAIN_SECS: '0.2' });
    const ops = await scene.connectOps(daemon);
    const window = await scene.openWindow(name);
    void window.callTool('sleep', { ms: 600_000 }).catch(() => undefined); // the window ends first
    await inflight(ops, 1);
    await scene.admin((client) => client.send('stopDaemon', { body: { waitMs: longestWaitMs } }));
    // A slower one does not take the word back.
    await scene.admin((client) => client.send('stopDaemon', { body: { waitMs: longestWaitMs } }));
    expect(await scene.admin((client) => client.call('calls'))).toMatchObject({ calls: [{ state: 'running' }] });
    await again(daemon.pid);
    expect(await daemon.exited).toMatchObject({ code: 0 });
    expect(scene.home.readDiscovery()).toMatchObject({ state: 'stopped' });
  });

  it('STOP-cli: exai stop asks the API, and waits until the daemon has gone', async () => {
    const daemon = await scene.startDaemon();
    const { code, stdout } = await scene.home.runCli(['stop', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ state: 'stopped', pid: daemon.pid, address: null });
    expect(await daemon.exited).toMatchObject({ code: 0 });
    expect(await scene.logLine('ws_daemon.log', 'daemon stopping')).toMatchObject({ reason: 'admin' });
    expect(JSON.parse((await scene.home.runCli(['stop', '--json'])).stdout)).toMatchObject({ state: 'not-running' });
  });

  it.skipIf(process.platform !== 'linux')(
    'STOP-cli: a daemon that does not answer gets a signal (pending signals can be seen on Linux only)',
    async () => {
      const daemon = await scene.startDaemon();
      process.kill(daemon.pid, 'SIGSTOP');
      const stopping = scene.home.runCli(['stop']);
      await eventually('the signal', () => (hasPendingTerm(daemon.pid) ? true : undefined));
      process.kill(daemon.pid, 'SIGCONT');
      expect(await stopping).toMatchObject({ code: 0 });
      expect(await daemon.exited).toMatchObject({ code: 0 });
      expect(await scene.logLine('ws_daemon.log', 'daemon stopping')).toMatchObject({ reason: 'SIGTERM' });
    },
  );
});

/** Whether SIGTERM waits for a process that is stopped. */
function hasPendingTerm(pid: number): boolean {
  const [, mask = '0'] = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${mask}`) & (1n << 14n)) !== 0n;
}
