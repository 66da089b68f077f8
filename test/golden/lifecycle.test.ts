import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { OpsClient } from '../support/ops-client.ts';

describe('start and stop', () => {
  it('PF-G1 BAD-stale-discovery BAD-stale-socket: after kill -9 the next start is at once, with what is left lying around', async () => {
    const home = new TestHome();
    try {
      const first = await home.startDaemon();
      const before = home.readDiscovery();
      await first.kill('SIGKILL');
      expect(home.readDiscovery()).toMatchObject({ state: 'running', pid: first.pid });
      for (const left of [home.layout.lockFile, home.layout.discoveryFile, before.localSocket ?? ''])
        expect(existsSync(left)).toBe(true);
      const startedAt = performance.now();
      const second = await home.startDaemon();
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      const after = home.readDiscovery();
      expect(after).toMatchObject({ state: 'running', pid: second.pid, localSocket: before.localSocket });
      expect(after.daemonRunId).not.toBe(before.daemonRunId);
      const client = await OpsClient.connect({ socketPath: second.localSocket });
      expect(await client.hello()).toMatchObject({ ok: true, daemonRunId: after.daemonRunId });
    } finally {
      await home.cleanUp();
    }
  });

  it('PF-G3 MAIN-exit-codes PF-W7: a second daemon of the same home is exit 11 with one line that names the first', async () => {
    const home = new TestHome();
    try {
      const first = await home.startDaemon();
      const second = home.spawnDaemon();
      expect(await second.exited).toMatchObject({ code: 11 });
      expect(second.stdout).toBe('');
      expect(second.stderr).toMatch(new RegExp(`^exai: [^\\n]*pid ${first.pid}[^\\n]*\\n$`));
      expect(home.daemonPids()).toEqual([first.pid]);
      const client = await OpsClient.connect({ socketPath: first.localSocket });
      expect(await client.hello()).toMatchObject({ ok: true });
    } finally {
      await home.cleanUp();
    }
  });

  it('PF-G3 BAD-port-taken MAIN-exit-codes: a taken port is exit 12 with one line that names its owner and command', async () => {
    const home = new TestHome();
    const other = new TestHome();
    try {
      const owner = await other.startDaemon();
      const daemon = home.spawnDaemon({ env: { EXAI_WS_PORT: String(owner.port) } });
      expect(await daemon.exited).toMatchObject({ code: 12 });
      expect(daemon.stdout).toBe('');
      expect(daemon.stderr).toMatch(
        new RegExp(
          `^exai: 127\\.0\\.0\\.1:${owner.port} [^\\n]*pid ${owner.pid} [^\\n]*daemon\\.js[^\\n]*EXAI_WS_PORT\\n$`,
        ),
      );
      expect(existsSync(home.layout.lockFile)).toBe(false);
      const again = await home.startDaemon();
      expect(again.port).not.toBe(owner.port);
    } finally {
      await home.cleanUp();
      await other.cleanUp();
    }
  });

  it('PF-G3 BAD-port-taken: a stranger on the port is named as well', async () => {
    const home = new TestHome();
    const stranger = createServer();
    try {
      await new Promise<void>((resolve) => {
        stranger.listen(0, '127.0.0.1', () => resolve());
      });
      const address = stranger.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const daemon = home.spawnDaemon({ env: { EXAI_WS_PORT: String(port) } });
      expect(await daemon.exited).toMatchObject({ code: 12 });
      expect(daemon.stderr).toMatch(new RegExp(`^exai: 127\\.0\\.0\\.1:${port} [^\\n]*pid ${process.pid} \\(`));
    } finally {
      stranger.close();
      await home.cleanUp();
    }
  });

  it('MAIN-entry-points: one ready line on stdout, logs on stderr and in the file, exit 0 on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const home = new TestHome();
      try {
        const daemon = await home.startDaemon();
        expect(daemon.stdout).toBe(`ready http://127.0.0.1:${daemon.port}/\n`);
        const client = await OpsClient.connect({ port: daemon.port });
        await client.hello();
        const exited = daemon.kill(signal);
        expect(await client.closedWith()).toEqual({ code: 1001, reason: 'shutdown' });
        expect(await exited).toMatchObject({ code: 0, signal: null });
        expect(daemon.stdout).toBe(`ready http://127.0.0.1:${daemon.port}/\n`);
        expect(home.readLog('ws_daemon.log')).toBe(daemon.stderr);
        for (const line of daemon.stderr.trimEnd().split('\n')) {
          expect(JSON.parse(line)).toMatchObject({
            t: expect.any(Number),
            level: expect.any(String),
            msg: expect.any(String),
          });
        }
      } finally {
        await home.cleanUp();
      }
    }
  });
});
