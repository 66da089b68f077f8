import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { codeOf, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const first = 'first-token#0123456789';
const second = 'second-token#0123456789';
const name = { EXAI_SESSION_ID: 'window', EXAI_LOG_PREFIX: 'w' };
const log = 'ws_shim_w.log';

const tokenFile = () => join(scene.home.layout.credentialsDir, 'shared.token');
const stored = () => readFileSync(tokenFile(), 'utf8').trim();

/** What a new connection that shows `token` is told. */
async function hello(daemon: DaemonProcess, token: string | null): Promise<Record<string, unknown>> {
  const client = await OpsClient.connect({ port: daemon.port });
  try {
    return await client.hello({ token });
  } finally {
    client.terminate();
  }
}

async function rotateByOps(daemon: DaemonProcess, old: string, next: string): Promise<Record<string, unknown>> {
  const client = await scene.connectOps(daemon, { token: old });
  client.send({ op: 'rotate_token', request_id: 'r', old, new: next });
  return client.frame({ op: 'rotate_token_res', request_id: 'r' });
}

async function rotateByCommand(): Promise<string> {
  const { code, stdout, stderr } = await scene.home.runCli(['token', 'rotate']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).not.toContain(stored().slice(0, 8));
  return stored();
}

describe('a rotation', () => {
  it('TOKEN-rotate-ops: over ops; the old token opens nothing any more, not even after a crash', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    expect(await rotateByOps(daemon, first, second)).toEqual({
      op: 'rotate_token_res',
      request_id: 'r',
      ok: true,
      tokenGeneration: 2,
    });
    expect(stored()).toBe(second);
    for (const path of [tokenFile(), scene.home.layout.sharedTokenFile])
      expect(statSync(path).mode & 0o777).toBe(0o600);
    const expectSecondOnly = async (running: DaemonProcess) => {
      expect(await hello(running, second)).toMatchObject({ ok: true, tokenGeneration: 2, auth: 'shared' });
      for (const token of [first, null, `${second}x`]) {
        expect(await hello(running, token)).toMatchObject({ ok: false, error: 'unauthorized', code: 'UNAUTHORIZED' });
      }
    };
    await expectSecondOnly(daemon);
    await daemon.kill();
    await expectSecondOnly(await scene.startDaemon());
  });

  it('TOKEN-rotate-ops: the old token of a request must be the current one', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    const client = await scene.connectOps(daemon, { token: first });
    client.send({ op: 'rotate_token', request_id: 1, old: `${first}x`, new: second });
    client.send({ op: 'rotate_token', request_id: 2, old: first, new: second });
    client.send({ op: 'rotate_token', request_id: 3, old: first, new: `${second}-3` });
    expect(await client.frame({ request_id: 1 })).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(await client.frame({ request_id: 2 })).toMatchObject({ ok: true });
    expect(await client.frame({ request_id: 3 })).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(stored()).toBe(second);
  });

  it('TOKEN-rotate-cli: the command makes a token, and switches authentication on', async () => {
    const daemon = await scene.startDaemon();
    expect(await hello(daemon, null)).toMatchObject({ ok: true, auth: 'disabled' });
    const token = await rotateByCommand();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await hello(daemon, null)).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(await hello(daemon, token)).toMatchObject({ ok: true, auth: 'shared', tokenGeneration: 1 });
    const next = await rotateByCommand();
    expect(next).not.toBe(token);
    expect(await hello(daemon, token)).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(await hello(daemon, next)).toMatchObject({ ok: true, tokenGeneration: 2 });
  });

  it('TOKEN-sessions-live: running windows and their calls live on; new connections need the new token', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    const [window, ops] = await Promise.all([
      scene.openWindow({ ...name, EXAI_WS_TOKEN: first }),
      scene.connectOps(daemon, { token: first, session_id: 'ops' }),
    ]);
    const running = window.callTool('count', { ms: 600 });
    await scene.executed(1);
    await rotateByCommand();
    expect(await hello(daemon, first)).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(textOf(await window.callTool('echo', { text: 'live' }))).toBe('live');
    ops.send({ op: 'ping', request_id: 'p' });
    expect(await ops.frame({ op: 'pong' })).toMatchObject({ request_id: 'p' });
    expect(textOf(await running)).toBe('1');
    expect(scene.logLines(log).filter(({ msg }) => msg === 'connection lost')).toEqual([]);
    const sessions = await scene.sessions();
    const generations = sessions.map(({ sessionId, tokenGeneration }) => [sessionId, tokenGeneration]);
    expect(Object.fromEntries(generations)).toEqual({ ops: 1, window: 1 });
  });

  it.each([
    ['a token file', () => ({ EXAI_WS_TOKEN_FILE: tokenFile() })],
    ['nothing configured', () => ({})],
    ['the old token in its environment', () => ({ EXAI_WS_TOKEN: first })],
  ])('TOKEN-shims-follow: a window with %s takes the new one at its next connect', async (_what, credential) => {
    await scene.startDaemon({ EXAI_WS_TOKEN: first });
    await rotateByCommand(); // until now there was nothing for a window that has nothing configured
    const { proxy, env } = await scene.openLinkProxy();
    const window = await scene.openWindow({ ...env, ...name, ...credential() });
    expect(await scene.sessions()).toMatchObject([{ sessionId: 'window', tokenGeneration: 2 }]);
    await rotateByCommand();
    proxy.cut();
    expect(textOf(await window.callTool('echo', { text: 'on the new token' }))).toBe('on the new token');
    expect(await scene.sessions()).toMatchObject([{ sessionId: 'window', tokenGeneration: 3, resumes: 1 }]);
  });

  it('TOKEN-shims-follow: over TCP, and without losing the call that runs', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    const { proxy, env } = await scene.openTcpProxy(() => daemon.port);
    const window = await scene.openWindow({ ...env, ...name, EXAI_WS_TOKEN_FILE: tokenFile() });
    const running = window.callTool('count', { ms: 600 });
    await scene.executed(1);
    await rotateByCommand();
    proxy.drop();
    expect(textOf(await running)).toBe('1');
    expect(await scene.sessions()).toMatchObject([{ sessionId: 'window', tokenGeneration: 2 }]);
    expect(scene.executions).toBe(1);
  });

  it('WIRE-M9: the token changes during the handshake: read once more, connected, no loop', async () => {
    await scene.startDaemon();
    const before = await rotateByCommand();
    const { proxy, env } = await scene.openLinkProxy();
    const sprung = proxy.trap('the hello', ({ json }) => json?.['op'] === 'hello', 'hold');
    const window = scene.startShim({ ...env, ...name, EXAI_WS_TOKEN_FILE: tokenFile() });
    const initialized = window.initialize();
    await sprung;
    await rotateByCommand();
    proxy.release();
    await initialized;
    expect(textOf(await window.callTool('echo', { text: 'in' }))).toBe('in');
    expect(proxy.controls('hello').map(({ json }) => json?.['token'])).toEqual([before, stored()]);
    expect(proxy.connections).toBe(2);
    expect((await scene.logLine(log, 'connected'))['warnings']).toEqual([]);
  });

  it('WIRE-O13: a restart with the old token in the environment keeps the new one, and says so', async () => {
    const before = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    await rotateByOps(before, first, second);
    await before.stop();
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    expect(await hello(daemon, first)).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(await hello(daemon, second)).toMatchObject({
      ok: true,
      tokenGeneration: 2,
      warnings: ['TOKEN_ENV_STALE'],
    });
    const warning = scene.logLines('ws_daemon.log').find(({ msg }) => msg.startsWith('TOKEN_ENV_STALE'));
    expect(warning).toMatchObject({ level: 'warn' });
  });
});

describe('a credential that does not fit', () => {
  it('PF-R3: a wrong token file: an answer at once, no hammering, and a mended file is taken by itself', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    const { proxy, env } = await scene.openTcpProxy(() => daemon.port);
    const file = join(scene.home.path, 'token');
    writeFileSync(file, 'wrong-token-0123456789\n', { mode: 0o600 });
    const window = scene.startShim({ ...env, ...name, EXAI_WS_TOKEN_FILE: file });
    const refused = await window.request('tools/list', {}, { timeoutMs: 5_000 });
    expect(refused.error).toMatchObject({
      code: 401,
      data: { code: 'UNAUTHORIZED', retryable: false, mayHaveRun: false, hint: expect.any(String) },
    });
    for (let round = 0; round < 20; round += 1) {
      expect(codeOf(await window.request('tools/list', {}, { timeoutMs: 1_000 }))).toBe('UNAUTHORIZED');
    }
    expect(await window.request('ping')).toMatchObject({ result: {} });
    expect(proxy.connections).toBe(1);
    writeFileSync(file, `${first}\n`);
    await scene.logLine(log, 'connected');
    await window.initialize();
    expect(textOf(await window.callTool('echo', { text: 'in' }))).toBe('in');
    expect(window.hasExited).toBe(false);
    expect(proxy.connections).toBe(2);
  });

  it.each([
    ['BAD-empty-token-file', '\n', 0o600, (file: string) => `The token file ${file} is empty`],
    ['BAD-world-readable', `${first}\n`, 0o644, (file: string) => `chmod 600 ${file}`],
    ['BAD-token', `${first.slice(0, -1)}\n`, 0o600, () => 'token'],
  ])('%s: the window is told what to do, and mends itself', async (_id, text, mode, advice) => {
    await scene.startDaemon({ EXAI_WS_TOKEN: first });
    const file = join(scene.home.path, 'token');
    writeFileSync(file, text, { mode });
    chmodSync(file, mode);
    const window = scene.startShim({ ...name, EXAI_WS_TOKEN_FILE: file });
    const { error } = await window.request('tools/list', {}, { timeoutMs: 5_000 });
    expect(error?.data).toMatchObject({ code: 'UNAUTHORIZED', mayHaveRun: false });
    expect(error?.data?.['hint']).toContain(advice(file));
    expect(window.lines.join('')).not.toContain(first.slice(0, 8));
    chmodSync(file, 0o600);
    writeFileSync(file, `${first}\n`);
    await scene.logLine(log, 'connected');
    await window.initialize();
    expect(textOf(await window.callTool('echo', { text: 'in' }))).toBe('in');
  });

  it('PF-R3: a window that was connected is told too, and its call may have run', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    const { proxy, env } = await scene.openTcpProxy(() => daemon.port);
    const file = join(scene.home.path, 'token');
    writeFileSync(file, `${first}\n`, { mode: 0o600 });
    const window = await scene.openWindow({ ...env, ...name, EXAI_WS_TOKEN_FILE: file });
    const running = window.callTool('count', { ms: 60_000 });
    await scene.executed(1);
    await rotateByCommand();
    proxy.drop();
    expect((await running).error?.data).toMatchObject({ code: 'UNAUTHORIZED', mayHaveRun: true });
    expect(codeOf(await window.callTool('version'))).toBe('UNAUTHORIZED');
    writeFileSync(file, `${stored()}\n`);
    await scene.logLine(log, 'connected', 2);
    expect(textOf(await window.callTool('echo', { text: 'in' }))).toBe('in');
  });
});

describe('a crash', () => {
  it('TOKEN-crash-safe: killed at any moment of many rotations, the next daemon knows exactly one token', async () => {
    const rotations = 20;
    let current = first;
    let daemon = await scene.startDaemon({ EXAI_WS_TOKEN: first });
    for (let round = 0; round < 6; round += 1) {
      const tokens = [current, ...Array.from({ length: rotations }, (_, i) => `round-${round}-token-${i}-0123456789`)];
      const client = await scene.connectOps(daemon, { token: current });
      for (let i = 0; i < rotations; i += 1) {
        client.send({ op: 'rotate_token', request_id: i, old: tokens[i] ?? '', new: tokens[i + 1] ?? '' });
      }
      const killAt = Math.floor(Math.random() * (rotations - 1));
      await client.frame({ op: 'rotate_token_res', request_id: killAt });
      await daemon.kill();
      await withDeadline('the end of the connection', client.closed);
      const answered = client.frames.filter(({ json }) => json?.['op'] === 'rotate_token_res');
      expect(answered.filter(({ json }) => json?.['ok'] !== true)).toEqual([]);
      daemon = await scene.startDaemon();
      const last = answered.length;
      // What was answered holds; the one behind it may have been stored without the answer having left.
      expect(tokens.slice(last, last + 2), `killed after answer ${killAt}, ${last} came`).toContain(stored());
      const accepted: string[] = [];
      for (const token of new Set([first, ...tokens.slice(Math.max(0, last - 2), last + 3)])) {
        if ((await hello(daemon, token))['ok'] === true) accepted.push(token);
      }
      expect(accepted).toEqual([stored()]);
      current = stored();
    }
    expect(existsSync(`${tokenFile()}.next`)).toBe(false);
    await eventually('the record', () => {
      const record = JSON.parse(readFileSync(scene.home.layout.sharedTokenFile, 'utf8')) as { token: string };
      return record.token === current ? true : undefined;
    });
  });
});
