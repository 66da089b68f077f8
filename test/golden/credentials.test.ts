import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { OpsClient } from '../support/ops-client.ts';
import { epochSeconds, jsonWebToken } from './json-web-token.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';
const jwtSecret = 'golden-jwt-secret-0123456789-0123456789';

describe('credentials', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });

  it.each([
    ['a wrong token', 'another-token-98765432'],
    ['null', null],
    ['an empty text', ''],
    ['one character off', 'golden-token-012345678x'],
    ['one character more', `${token}x`],
    ['a prefix', token.slice(0, -1)],
  ])('WIRE-H4 BAD-token PF-P6: %s is refused in the same words, closed with 4003', async (_what, value) => {
    const client = await shared.connect({ socketPath: shared.daemon.localSocket });
    const ack = await client.hello({ session_id: 'win', token: value });
    expect(ack).toEqual({
      op: 'hello_ack',
      ok: false,
      error: 'unauthorized',
      code: 'UNAUTHORIZED',
      hint: expect.any(String),
    });
    expect(JSON.stringify(ack)).not.toContain('golden');
    expect(await client.closedWith()).toEqual({ code: 4003, reason: 'unauthorized' });
  });

  it('WIRE-H4: the right token is taken from the hello or from the bearer of the upgrade', async () => {
    const byHello = await shared.connect();
    expect(await byHello.hello({ token })).toMatchObject({ ok: true, auth: 'shared', warnings: [] });
    const byBearer = await shared.connect({ headers: { authorization: `Bearer ${token}` } });
    expect(await byBearer.hello()).toMatchObject({ ok: true, auth: 'shared' });
    const bothForms = await shared.connect({ headers: { authorization: `bearer ${token}` } });
    expect(await bothForms.hello({ token: null })).toMatchObject({ ok: true, auth: 'shared' });
  });

  it('WIRE-H4 BAD-token: the tenth failure of an address within a minute is closed a second later', async () => {
    const fail = async () => {
      const client = await shared.connect();
      const startedAt = performance.now();
      await client.hello({ token: 'another-token-98765432' });
      expect(await client.closedWith()).toEqual({ code: 4003, reason: 'unauthorized' });
      return performance.now() - startedAt;
    };
    for (let attempt = 1; attempt < 10; attempt += 1) expect(await fail()).toBeLessThan(900);
    const [late, also] = await Promise.all([fail(), fail()]);
    expect(late).toBeGreaterThan(900);
    expect(also).toBeGreaterThan(900);
    const welcome = await shared.connect();
    expect(await welcome.hello({ token })).toMatchObject({ ok: true });
  });

  it('WIRE-H4: failures are logged once in a while, without any token', () => {
    const lines = shared.daemon.stderr.split('\n').filter((line) => line.includes('authentication failed'));
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(lines.length).toBeLessThanOrEqual(4);
    expect(shared.daemon.stderr).not.toContain('another-token');
    expect(shared.daemon.stderr).not.toContain('golden-token');
  });
});

describe('who guesses', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });

  it('WIRE-H4 BAD-token: waits from the 10th wrong bearer on, on loopback, on every way in; who knows it does not', async () => {
    const ask = async (path: string, bearer: string) => {
      const startedAt = performance.now();
      const headers = { authorization: `Bearer ${bearer}` };
      const response = await fetch(new URL(path, shared.daemon.address), { headers });
      await response.text();
      return { status: response.status, tookMs: performance.now() - startedAt };
    };
    // The admin API counts for itself, so that guesses there never delay the editors.
    for (let guess = 1; guess <= 9; guess += 1) {
      expect((await ask('/health', `guess-${guess}`)).tookMs).toBeLessThan(900);
      expect((await ask('/api/status', `guess-${guess}`)).tookMs).toBeLessThan(900);
    }
    const late = await Promise.all([ask('/health', 'guess'), ask('/api/status', 'guess'), ask('/health', token)]);
    expect(late.map(({ status }) => status)).toEqual([200, 401, 200]);
    expect(late[0]?.tookMs).toBeGreaterThan(990);
    expect(late[1]?.tookMs).toBeGreaterThan(990);
    expect(late[2]?.tookMs).toBeLessThan(900);

    const client = await shared.connect();
    const startedAt = performance.now();
    expect(await client.hello({ token: 'guess' })).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    const right = await shared.connect();
    expect(await right.hello({ token })).toMatchObject({ ok: true });
  });
});

describe('who guesses by what an upgrade allows', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });

  it('WIRE-H4 WIRE-H6 BAD-token: a first frame that only a right bearer may send tells no more than a refusal', async () => {
    const tooLong = 'x'.repeat(64 * 1024 + 1);
    const guess = async (bearer: string) => {
      const startedAt = performance.now();
      const client = await shared.connect({ headers: { authorization: `Bearer ${bearer}` } });
      const openedMs = performance.now() - startedAt;
      client.send(tooLong);
      const { code } = await client.closedWith();
      return { code, openedMs };
    };
    for (let count = 1; count <= 9; count += 1) expect(await guess(`guess-${count}`)).toMatchObject({ code: 1009 });
    const [late, right] = await Promise.all([guess('guess'), guess(token)]);
    expect(late.code).toBe(1009);
    expect(late.openedMs).toBeGreaterThan(990);
    expect(right.code).toBe(4000); // read, and no hello
    expect(right.openedMs).toBeLessThan(late.openedMs);
  });
});

describe('token and user token together', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token, JWT_SECRET_KEY: jwtSecret } });
  const claims = { sub: 'ana', iat: epochSeconds(-5), exp: epochSeconds(600) };

  it.each([
    ['none', null],
    ['an expired one', jsonWebToken({ ...claims, iat: epochSeconds(-7200), exp: epochSeconds(-3600) }, jwtSecret)],
    ['one without expiry', jsonWebToken({ sub: 'ana', iat: epochSeconds(-5) }, jwtSecret)],
    ['one without subject', jsonWebToken({ ...claims, sub: '' }, jwtSecret)],
    ['one with alg none', jsonWebToken(claims, jwtSecret, { alg: 'none', typ: 'JWT' })],
    ['one of another key', jsonWebToken(claims, 'another-secret-0123456789-0123456789-01')],
    ['one of another algorithm', jsonWebToken(claims, jwtSecret, { alg: 'HS512', typ: 'JWT' })],
  ])('WIRE-H5: the right token with %s is jwt_required, closed with 4003', async (_what, jwt) => {
    const client = await shared.connect();
    expect(await client.hello({ token, jwt })).toEqual({
      op: 'hello_ack',
      ok: false,
      error: 'jwt_required',
      code: 'UNAUTHORIZED',
      hint: expect.any(String),
    });
    expect(await client.closedWith()).toEqual({ code: 4003, reason: 'jwt_required' });
  });

  it('WIRE-H5: token and user token are accepted, the user token alone is not', async () => {
    const jwt = jsonWebToken(claims, jwtSecret);
    const client = await shared.connect({ socketPath: shared.daemon.localSocket });
    expect(await client.hello({ token, jwt })).toMatchObject({ ok: true, auth: 'jwt' });
    const alone = await shared.connect({ socketPath: shared.daemon.localSocket });
    expect(await alone.hello({ jwt })).toMatchObject({ ok: false, error: 'unauthorized' });
  });
});

describe('server proof', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });

  it('WIRE-H4: the upgrade proves who answers, for each nonce anew, before any credential is shown', async () => {
    const { createHmac } = await import('node:crypto');
    const file = shared.home.readDiscovery();
    if (file.state !== 'running') throw new Error('the discovery file says stopped');
    const nonce = createHash('sha256').update('a nonce').digest('base64url');
    const client = await shared.connect({ headers: { 'X-Exai-Nonce': nonce } });
    const expected = createHmac('sha256', Buffer.from(file.runKey, 'base64url'))
      .update(`exai-proof-v1\n${nonce}\n${file.daemonRunId}`)
      .digest('base64url');
    expect(client.upgradeHeaders['x-exai-run']).toBe(file.daemonRunId);
    expect(client.upgradeHeaders['x-exai-proof']).toBe(expected);
    expect((await shared.connect()).upgradeHeaders['x-exai-proof']).toBeUndefined();
  });
});

describe('configuration that refuses to start', () => {
  const refusal = async (env: Record<string, string>) => {
    const home = new TestHome();
    try {
      const daemon = home.spawnDaemon({ env });
      const exit = await daemon.exited;
      const lines = daemon.stderr.trimEnd().split('\n');
      return { code: exit.code, lines, stdout: daemon.stdout };
    } finally {
      await home.cleanUp();
    }
  };

  it.each([
    ['a token of 15 characters', { EXAI_WS_TOKEN: 'short-token-012' }, 'EXAI_WS_TOKEN'],
    ['a placeholder', { EXAI_WS_TOKEN: '<optional-token>' }, 'EXAI_WS_TOKEN'],
    ['a token with a space', { EXAI_WS_TOKEN: 'golden token 0123456789' }, 'EXAI_WS_TOKEN'],
    ['all interfaces without a token', { EXAI_WS_HOST: '0.0.0.0' }, 'EXAI_WS_HOST'],
    ['a port that is none', { EXAI_WS_PORT: '80a' }, 'EXAI_WS_PORT'],
    ['no listener', { EXAI_WS_LISTEN: 'udp' }, 'EXAI_WS_LISTEN'],
    ['a short JWT key', { JWT_SECRET_KEY: 'too-short' }, 'JWT_SECRET_KEY'],
    ['more calls per session than in all', { EXAI_WS_SESSION_MAX_INFLIGHT: '25' }, 'EXAI_WS_SESSION_MAX_INFLIGHT'],
  ])(
    'WIRE-H16 PF-A1 MAIN-exit-codes: %s is exit 78 with one line that names the variable',
    async (_what, env, name) => {
      const { code, lines, stdout } = await refusal(env);
      expect({ code, stdout, count: lines.length }).toEqual({ code: 78, stdout: '', count: 1 });
      expect(lines[0]).toMatch(new RegExp(`^exai: .*${name}`));
      for (const secret of ['short-token', 'golden token', 'too-short', 'optional-token'])
        expect(lines[0]).not.toContain(secret);
    },
  );

  it('WIRE-H16: all interfaces without a token start when that is asked for in so many words', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({
        env: { EXAI_WS_HOST: '0.0.0.0', EXAI_WS_ALLOW_OPEN_NETWORK: 'true', EXAI_WS_LISTEN: 'tcp' },
      });
      const client = await OpsClient.connect({ port: daemon.port });
      expect(await client.hello()).toMatchObject({ ok: true, auth: 'disabled', warnings: ['AUTH_DISABLED'] });
      const log = readFileSync(join(home.logDir, 'ws_daemon.log'), 'utf8');
      expect(log).toMatch(/"level":"warn".*AUTH_DISABLED.*everyone on the network/);
    } finally {
      await home.cleanUp();
    }
  });
});
