import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const name = { EXAI_SESSION_ID: 'window', EXAI_LOG_PREFIX: 'w' };
const log = 'ws_shim_w.log';

describe('no daemon for a while', () => {
  it('WIRE-M4: what is asked meanwhile is answered when it is back', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow(name);
    await daemon.kill();
    await scene.logLine(log, 'connection lost');
    const answers = Array.from({ length: 5 }, (_, index) => window.callTool('echo', { text: `text ${index}` }));
    const list = window.request('tools/list');
    await window.request('ping');
    await scene.startDaemon();
    const texts = (await Promise.all(answers)).map(textOf);
    expect(texts).toEqual(['text 0', 'text 1', 'text 2', 'text 3', 'text 4']);
    expect(await list).toMatchObject({ result: { tools: expect.any(Array) } });
  });

  it('WIRE-M4: what has waited too long is refused and never runs', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow({ ...name, EXAI_SHIM_QUEUE_SECS: '0.3' });
    await daemon.kill();
    await scene.logLine(log, 'connection lost');
    const answer = await window.callTool('count', {}, { id: 'x' });
    expect(answer.error).toMatchObject({
      code: 503,
      data: { code: 'DAEMON_UNAVAILABLE', retryable: true, mayHaveRun: false, hint: expect.any(String) },
    });
    await scene.startDaemon();
    await scene.logLine(log, 'connected', 2);
    expect(textOf(await window.callTool('count', {}, { id: 'y' }))).toBe('1');
    expect(scene.executions).toBe(1);
    expect(window.lines.filter((line) => line.includes('"id":"x"'))).toHaveLength(1);
  });

  it('WIRE-M4: what was sent and not answered in the time allowed may have run', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow({ ...name, EXAI_SHIM_RECONNECT_SECS: '0.3' });
    const answer = window.callTool('count', { ms: 60_000 });
    await scene.executed(1);
    await daemon.kill();
    expect((await answer).error?.data).toMatchObject({
      code: 'DAEMON_UNAVAILABLE',
      retryable: false,
      mayHaveRun: true,
    });
  });

  it('WIRE-M4: of 70 requests 64 wait, and the rest are refused at once', async () => {
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow(name);
    await daemon.kill();
    await scene.logLine(log, 'connection lost');
    const answers = Array.from({ length: 70 }, (_, index) => window.callTool('version', {}, { id: `q${index}` }));
    const refused = await Promise.all(answers.slice(64));
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'DAEMON_UNAVAILABLE'));
    expect(refused.map(({ error }) => error?.data?.['retryable'])).toEqual(refused.map(() => true));
    expect(window.lines.filter((line) => line.includes('"id":"q'))).toHaveLength(6);
    await scene.startDaemon();
    const answered = await Promise.all(answers.slice(0, 64));
    expect(answered.map(codeOf)).toEqual(answered.map(() => undefined));
  });

  it('WIRE-M4: a window that was opened without a daemon is initialised, and works when there is one', async () => {
    const window = scene.startShim({ ...name, EXAI_WS_PORT: '0' });
    expect((await window.initialize()).result).toMatchObject({ serverInfo: { name: 'ex-ws-shim' } });
    const answer = window.callTool('echo', { text: 'at last' });
    await scene.startDaemon();
    expect(textOf(await answer)).toBe('at last');
    expect(window.lines.filter((line) => line.includes('serverInfo'))).toHaveLength(1);
  });

  it('WIRE-M4: damaged notes of the last daemon are no reason to fail', async () => {
    const first = await scene.startDaemon();
    await first.kill();
    writeFileSync(scene.home.layout.knownFactsFile, '{"schema":1,"tools":');
    writeFileSync(scene.home.layout.discoveryFile, '{"schema":1,');
    const window = scene.startShim({ ...name, EXAI_WS_PORT: '0' });
    await window.initialize();
    const answer = window.callTool('echo', { text: 'at last' });
    await scene.startDaemon();
    expect(textOf(await answer)).toBe('at last');
  });
});
