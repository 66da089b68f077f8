import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

/** The duties that a shim has because of its clients, on the built shim and a real daemon. */
describe('duties of the shim', () => {
  const scene = useScene();

  it('SHIM-S1: lines end at 0x0A alone: CR before it, a BOM at the start, U+2028 and split characters inside', async () => {
    await scene.startDaemon();
    const shim = scene.startShim();
    const hello =
      '{"jsonrpc":"2.0","id":"ü","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}';
    for (const byte of Buffer.from(`\uFEFF${hello}\r\n`, 'utf8')) shim.sendBytes(Uint8Array.of(byte));
    expect((await shim.answer('ü')).result?.['protocolVersion']).toBe('2025-11-25');
    const text = 'a\u2028b\u2029c\r"d" 😀';
    expect(textOf(await shim.callTool('echo', { text }))).toBe(text);
  });

  it('SHIM-S1: a line above the limit is answered for its id, skipped to its end, and the next one works', async () => {
    await scene.startDaemon();
    const shim = scene.startShim({ EXAI_WS_MAX_BYTES: '65536' });
    await shim.initialize();
    const tooBig = {
      jsonrpc: '2.0',
      id: 77,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'x'.repeat(70_000) } },
    };
    const refused = shim.answer(77);
    shim.sendLine(JSON.stringify(tooBig));
    expect(codeOf(await refused)).toBe('PAYLOAD_TOO_LARGE');
    expect((await shim.request('ping')).result).toEqual({});
  });

  it('SHIM-S3 SHIM-S4: server/discover and ping are answered by the shim alone, daemon or not, string or number', async () => {
    const shim = scene.startShim();
    const discover = await shim.request('server/discover', {}, { id: 'probe-1' });
    expect(discover.id).toBe('probe-1');
    expect(discover.error?.code).toBe(-32601);
    expect((await shim.request('server/discover', {}, { id: 0 })).error?.code).toBe(-32601);
    expect((await shim.request('ping', undefined, { id: 'p' })).result).toEqual({});
  });

  it('SHIM-S4: ping is answered while a call runs', async () => {
    await scene.startDaemon();
    const shim = await scene.openWindow();
    const call = shim.callTool('sleep', { ms: 400 });
    const order: string[] = [];
    await Promise.all([call.then(() => order.push('call')), shim.request('ping').then(() => order.push('ping'))]);
    expect(order).toEqual(['ping', 'call']);
  });

  it('SHIM-S5 SHIM-S6: initialize and tools/list are answered without a daemon from what the last one left behind', async () => {
    const daemon = await scene.startDaemon();
    const known = (await (await scene.openWindow()).request('tools/list')).result;
    await daemon.stop();
    const shim = scene.startShim();
    const answer = await shim.initialize();
    expect(answer.result?.['serverInfo']).toMatchObject({ title: 'EXAI' });
    expect((await shim.request('tools/list')).result).toEqual(known);
    await scene.startDaemon();
    await shim.notification('notifications/tools/list_changed');
    expect((await shim.callTool('echo', { text: 'late' })).result?.['isError']).not.toBe(true);
  });

  it('SHIM-S8: an answer of a megabyte arrives whole; stdin closed right behind a request tears no line', async () => {
    await scene.startDaemon();
    const shim = await scene.openWindow();
    const text = 'y'.repeat(1024 * 1024);
    const answer = shim.callTool('echo', { text });
    expect(textOf(await answer)).toHaveLength(text.length);
    shim.sendLine(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 'last',
        method: 'tools/call',
        params: { name: 'echo', arguments: { text } },
      }),
    );
    shim.closeInput();
    expect(await shim.exited).toMatchObject({ code: 0, signal: null });
    expect(shim.strayLines).toEqual([]);
  });

  it('SHIM-S8 PF-H2: a reader that goes away during a storm of answers ends the shim quietly with 0', async () => {
    await scene.startDaemon();
    const shim = await scene.openWindow();
    for (let at = 0; at < 8; at += 1) {
      void shim.callTool('flood', { bytes: 512 * 1024 }).catch(() => undefined);
    }
    shim.closeOutput();
    expect(await shim.exited).toMatchObject({ code: 0, signal: null });
    expect(shim.stderrText.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(2);
  });

  it('SHIM-S9: stderr gets at most a line at the start and one at the end', async () => {
    await scene.startDaemon();
    const shim = await scene.openWindow();
    await shim.callTool('echo', { text: 'x' });
    await shim.stop();
    expect(shim.stderrText.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(2);
  });

  it('SHIM-S10: an editor that stops reading for a while loses nothing and ends no session', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_PING_INTERVAL: '1', EXAI_WS_PING_TIMEOUT: '1' });
    const shim = await scene.openWindow({ EXAI_SESSION_ID: 'slow-reader' });
    shim.pauseReading();
    const answers = Array.from({ length: 6 }, () => shim.callTool('flood', { bytes: 1024 * 1024 }));
    const other = await scene.openWindow({ EXAI_SESSION_ID: 'neighbour' });
    // Longer than the heartbeat needs to judge: what the reader has not taken must not count against it.
    expect(textOf(await other.callTool('sleep', { ms: 4500 }))).toBe('slept 4500 ms');
    shim.resumeReading();
    for (const answer of await Promise.all(answers)) expect(textOf(answer)).toHaveLength(1024 * 1024);
    const sessions = await scene.sessions();
    expect(sessions.find(({ sessionId }) => sessionId === 'slow-reader')).toMatchObject({
      state: 'connected',
      resumes: 0,
    });
    expect(daemon.pid).toBeGreaterThan(0);
  });

  it('SHIM-S11: foreign variables of the environment are read by nobody, logged nowhere and sent nowhere', async () => {
    await scene.startDaemon();
    const secret = 'sk-foreign-5f0c2b7a9d';
    const shim = await scene.openWindow(
      { OPENAI_API_KEY: secret, MY_PASSWORD: secret, EXAI_LOG_PREFIX: 'allow' },
      { cwd: scene.home.path },
    );
    await shim.callTool('echo', { text: 'x' });
    await scene.logLine('ws_shim_allow.log', 'shim started');
    await shim.stop();
    for (const name of ['ws_shim_allow.log', 'ws_daemon.log', 'mcp_server.log']) {
      const text = readFileSync(join(scene.home.logDir, name), 'utf8');
      expect(text).not.toContain(secret);
      expect(text).not.toContain('OPENAI_API_KEY');
    }
  });

  it('SHIM-S12: the state folder given in the environment wins over HOME and XDG, which a client may not pass on', async () => {
    await scene.startDaemon();
    const shim = await scene.openWindow({
      HOME: '/nonexistent',
      XDG_STATE_HOME: '/nonexistent',
      EXAI_LOG_PREFIX: 'codex',
    });
    await shim.callTool('echo', { text: 'x' });
    await scene.logLine('ws_shim_codex.log', 'connected');
    expect(statSync(join(scene.home.logDir, 'ws_shim_codex.log')).isFile()).toBe(true);
  });

  it('SHIM-S2 PF-H1: a dependency that prints reaches the log and never the editor', async () => {
    await scene.startDaemon();
    const noisy = join(scene.home.path, 'noisy.cjs');
    writeFileSync(
      noisy,
      "setTimeout(() => { console.log('printed by a dependency'); process.stdout.write('and written\\n'); }, 50).unref();\n",
    );
    const shim = scene.startShim({ EXAI_LOG_PREFIX: 'noisy' }, { nodeArgs: ['--require', noisy] });
    await shim.initialize();
    await shim.request('tools/list');
    await scene.logLine('ws_shim_noisy.log', 'text was kept out of the editor’s pipe');
    await shim.stop();
    expect(shim.strayLines).toEqual([]);
  });

  it('PF-H3: an unusable log directory and a bad variable together still give one clear line, exit 78', async () => {
    const file = join(scene.home.path, 'a-file');
    writeFileSync(file, '');
    const shim = scene.startShim({ EXAI_LOG_DIR: join(file, 'logs'), EXAI_WS_PORT: '80a' });
    expect(await shim.exited).toMatchObject({ code: 78 });
    expect(shim.stderrText.trim().split('\n')).toEqual([expect.stringContaining('EXAI_WS_PORT="80a"')]);
    expect(shim.lines).toEqual([]);
  });

  it('MAIN-private-state: a state directory that others can enter is refused with the command that mends it', async () => {
    mkdirSync(scene.home.stateDir, { recursive: true });
    chmodSync(scene.home.stateDir, 0o755);
    const daemon = scene.spawnDaemon();
    expect(await daemon.exited).toMatchObject({ code: 78 });
    expect(daemon.stderr).toContain('chmod 700');
    daemon.ready.catch(() => undefined);
  });
});
