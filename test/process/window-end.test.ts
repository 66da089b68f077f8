import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withDeadline } from '../support/deadline.ts';
import { type RawClient, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const name = { EXAI_SESSION_ID: 'window', EXAI_LOG_PREFIX: 'w' };
const log = 'ws_shim_w.log';

describe('the end of a window', () => {
  /** Generous: 0.2 s is what is promised, and what the benchmark measures. */
  const atMostMs = 1_000;

  const daemons = {
    async dead() {
      const daemon = await scene.startDaemon();
      const window = await scene.openWindow(name);
      await daemon.kill();
      await scene.logLine(log, 'connection lost');
      return window;
    },
    async hung() {
      const daemon = await scene.startDaemon();
      const window = await scene.openWindow(name);
      process.kill(daemon.pid, 'SIGSTOP');
      return window;
    },
    async busy() {
      await scene.startDaemon();
      const window = await scene.openWindow(name);
      void window.callTool('block', { ms: 800 }).catch(() => undefined); // the window ends first
      return window;
    },
  } as const;

  const ends = {
    'the end of stdin': (window: RawClient) => window.closeInput(),
    SIGINT: (window: RawClient) => window.kill('SIGINT'),
    SIGTERM: (window: RawClient) => window.kill('SIGTERM'),
  } as const;

  const states = Object.keys(daemons) as (keyof typeof daemons)[];
  const ways = Object.keys(ends) as (keyof typeof ends)[];

  it.each(states.flatMap((state) => ways.map((way) => [way, state] as const)))(
    'PF-H4 SHIM-S7: %s ends it at once while the daemon is %s',
    async (way, state) => {
      const window = await daemons[state]();
      void window.callTool('echo', { text: 'never answered' }).catch(() => undefined);
      await window.request('ping'); // everything before has been read
      const askedAt = performance.now();
      ends[way](window);
      const exit = await withDeadline('the end of the shim', window.exited, 5_000);
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.atMs - askedAt).toBeLessThan(atMostMs);
      expect(window.stderrText).toBe('');
    },
  );

  it('PF-H2: an editor that no longer reads ends it quietly', async () => {
    await scene.startDaemon();
    const window = await scene.openWindow(name);
    window.closeOutput();
    void window.callTool('sleep', { ms: 2_000, progress: 100 }, { meta: { progressToken: 1 } }).catch(() => undefined);
    const exit = await withDeadline('the end of the shim', window.exited, 5_000);
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(window.stderrText).toBe('');
  });
});

describe('the editor’s pipe', () => {
  const preload = (source: string) => ({
    nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(source)}`],
  });

  it('PF-H1 SHIM-S2: whatever is printed beside it stays out of it', async () => {
    await scene.startDaemon();
    const noise = `setInterval(() => {
      console.log('noise');
      console.error('noise on stderr');
      process.stdout.write('{"not":"rpc"}\\n');
      process.emitWarning('a warning');
    }, 5).unref();`;
    const window = await scene.openWindow(name, preload(noise));
    const texts = await Promise.all(['a', 'b', 'c'].map((text) => window.callTool('echo', { text, ms: 50 })));
    expect(texts.map(textOf)).toEqual(['a', 'b', 'c']);
    await scene.logLine(log, 'text was kept out of the editor’s pipe');
    await window.stop();
    expect(window.strayLines).toEqual([]);
    expect(window.stderrText).toBe('');
  });

  it('PF-H1: a bug in the shim does not close it, and no call is lost', async () => {
    await scene.startDaemon();
    const window = await scene.openWindow(name, preload('process.on("SIGUSR2", () => { throw new Error("a bug"); });'));
    const answer = window.callTool('count', { ms: 300 });
    await scene.executed(1);
    window.kill('SIGUSR2');
    expect(await scene.logLine(log, 'a bug in this shim')).toMatchObject({ level: 'error' });
    expect(textOf(await answer)).toBe('1');
    await scene.logLine(log, 'connected', 2);
    expect(scene.executions).toBe(1);
    expect(window.stderrText).toBe('');
  });

  it.each([
    ['a bad value', { EXAI_WS_PORT: '80a' }, 'EXAI_WS_PORT="80a"'],
    ['a missing .env', { ENV_FILE: '/nowhere/.env' }, 'ENV_FILE'],
    ['a relative path', { EXAI_WS_TOKEN_FILE: 'token' }, 'EXAI_WS_TOKEN_FILE'],
  ])('PF-H1 MAIN-exit-codes: %s is one line on stderr, nothing on stdout, and 78', async (_what, env, named) => {
    const window = scene.startShim(env);
    const { code } = await withDeadline('the end of the shim', window.exited);
    expect(code).toBe(78);
    expect(window.lines).toEqual([]);
    expect(window.stderrText.split('\n')).toEqual([expect.stringContaining(named), '']);
  });

  it('PF-H3: an unusable log folder beside a bad value is still one clear line', async () => {
    const file = join(scene.home.path, 'no-folder');
    writeFileSync(file, '');
    const window = scene.startShim({ EXAI_LOG_DIR: join(file, 'logs'), EXAI_WS_PORT: '80a' });
    const { code } = await withDeadline('the end of the shim', window.exited);
    expect(code).toBe(78);
    expect(window.lines).toEqual([]);
    expect(window.stderrText.split('\n')).toEqual([expect.stringContaining('EXAI_WS_PORT="80a"'), '']);
  });
});
