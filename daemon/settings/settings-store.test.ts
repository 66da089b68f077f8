import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../../platform/load-settings.ts';
import { type Failure, FailureError } from '../../protocol/errors.ts';
import { type SettingView, settingSchema } from '../../protocol/settings.ts';
import { startProblem } from '../auth/open-authentication.ts';
import { Limiter } from '../calls/limiter.ts';
import { RuntimeCaps } from '../calls/runtime-caps.ts';
import { type SettingsChange, SettingsStore } from './settings-store.ts';

let stateDir: string;
let settingsFile: string;
/** Ports where somebody else listens. */
let taken: Set<string>;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'exai-settings-'));
  settingsFile = join(stateDir, 'settings.json');
  taken = new Set();
});
afterEach(() => {
  rmSync(stateDir, { recursive: true, force: true });
});

function setUp(env: Readonly<Record<string, string>> = {}, ownPort = 0) {
  const load = (settingsText?: string) =>
    loadSettings('daemon', {
      env: { EXAI_STATE_DIR: stateDir, ...env },
      ...(settingsText === undefined ? {} : { settingsText }),
    });
  const running = load();
  if (running.type === 'invalid') throw new Error(running.message);
  const { sessionMaxInflight: session, globalMaxInflight: global, queueMax: queue } = running.settings;
  const { kimiMaxInflight: KIMI, glmMaxInflight: GLM } = running.settings;
  const providers = { ...running.providerCaps, KIMI, GLM };
  const limiter = new Limiter({
    caps: { session, global, providers },
    queue: { max: queue, waitMs: 1000 },
    retryAfterMs: 1000,
  });
  const caps = new RuntimeCaps(limiter, { session, global, queue, providers });
  const portProblem = async (host: string, port: number) => (taken.has(`${host}:${port}`) ? 'it is taken' : undefined);
  const store = new SettingsStore({
    running,
    reload: load,
    startProblem,
    caps,
    portProblem,
    ownPorts: () => [ownPort],
  });
  const row = (name: string): SettingView | undefined => store.list().find((setting) => setting.name === name);
  return { store, limiter, caps, row };
}

function stored(): unknown {
  return existsSync(settingsFile) ? JSON.parse(readFileSync(settingsFile, 'utf8')) : undefined;
}

async function refusal(store: SettingsStore, change: SettingsChange): Promise<Failure> {
  try {
    await store.change(change);
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('the list of settings', () => {
  it('LIVE-settings: has every setting with value, default, range and place, and no secret', async () => {
    writeFileSync(join(stateDir, '.env'), 'EXAI_WS_CALL_TIMEOUT=90.5\n', { mode: 0o600 });
    writeFileSync(settingsFile, '{"EXAI_WS_ALLOWED_HOSTS":["a","b"],"EXAI_WS_OPENAI_MAX_INFLIGHT":3}');
    const { store, row } = setUp({ EXAI_WS_PORT: '9000', EXAI_WS_TOKEN: 'a-token-with-enough-characters' });
    for (const setting of store.list()) expect(settingSchema.parse(setting)).toEqual(setting);
    expect(JSON.stringify(store.list())).not.toContain('a-token');
    expect(row('EXAI_WS_TOKEN')).toBeUndefined();
    expect(row('EXAI_WS_PORT')).toMatchObject({
      kind: 'integer',
      value: '9000',
      defaultValue: '8765',
      source: 'environment',
      place: 'the environment',
      isEditable: false,
      min: 0,
      max: 65_535,
    });
    expect(row('EXAI_WS_CALL_TIMEOUT')).toMatchObject({
      value: '90.5',
      defaultValue: '120',
      place: '.env line 1',
      isEditable: false,
    });
    expect(row('EXAI_WS_ALLOWED_HOSTS')).toMatchObject({ value: 'a,b', place: 'settings.json', isEditable: false });
    expect(row('EXAI_WS_OPENAI_MAX_INFLIGHT')).toMatchObject({ value: '3', source: 'settings-file', isEditable: true });
    expect(row('LOG_LEVEL')).toMatchObject({
      value: 'INFO',
      source: 'default',
      isEditable: true,
      needsRestart: true,
      pendingValue: null,
      choices: ['DEBUG', 'INFO', 'WARNING', 'ERROR'],
    });
    expect(row('EXAI_STATE_DIR')).toMatchObject({ value: stateDir, isEditable: false });
    expect(row('EXAI_WS_GLOBAL_MAX_INFLIGHT')).toMatchObject({ isEditable: true, needsRestart: false });
  });
});

describe('a change of settings', () => {
  it('LIVE-settings: is stored privately, keeps what others wrote, and waits for a restart', async () => {
    writeFileSync(settingsFile, '{"zebra":[], "MCP_SESSION_TIMEOUT": 90, "LOG_LEVEL": "ERROR"}');
    const { store, row } = setUp();
    await store.change({ EXAI_WS_CALL_TIMEOUT: ' 60.5 ', SESSION_TIMEOUT_SECS: '120', LOG_LEVEL: null });
    expect(stored()).toEqual({ zebra: [], EXAI_WS_CALL_TIMEOUT: '60.5', SESSION_TIMEOUT_SECS: '120' });
    if (process.platform !== 'win32') expect(statSync(settingsFile).mode & 0o777).toBe(0o600);
    expect(row('EXAI_WS_CALL_TIMEOUT')).toMatchObject({ value: '120', source: 'default', pendingValue: '60.5' });
    expect(row('LOG_LEVEL')).toMatchObject({ value: 'ERROR', pendingValue: 'INFO' });
    expect(setUp().row('EXAI_WS_CALL_TIMEOUT')).toMatchObject({ value: '60.5', pendingValue: null });
    await store.change({ EXAI_WS_CALL_TIMEOUT: '' });
    expect(row('EXAI_WS_CALL_TIMEOUT')).toMatchObject({ pendingValue: null });
  });

  it.each([
    ['a bad value', { EXAI_WS_PORT: '80a' }, 'VALIDATION_ERROR', 'EXAI_WS_PORT: expected an integer 0–65535'],
    ['an unknown name', { EXAI_WS_PROT: '1' }, 'VALIDATION_ERROR', 'EXAI_WS_PROT: there is no such setting'],
    ['a name of the language', { __proto__x: '1' }, 'VALIDATION_ERROR', 'no such setting'],
    ['a setting of shims', { EXAI_WS_AUTOSTART: 'false' }, 'VALIDATION_ERROR', 'no such setting'],
    ['a secret', { EXAI_WS_TOKEN: 'x'.repeat(20) }, 'FORBIDDEN', 'is a secret'],
    ['a secret by its other name', { SUPABASE_JWT_SECRET: 'x'.repeat(40) }, 'FORBIDDEN', 'is a secret'],
    ['a place', { EXAI_STATE_DIR: '/tmp/elsewhere' }, 'FORBIDDEN', 'counts in the environment'],
    ['a guard', { EXAI_WS_ALLOW_OPEN_NETWORK: 'true' }, 'FORBIDDEN', 'guards the daemon'],
    ['the door of the dashboard', { EXAI_DASHBOARD_HOST: '0.0.0.0' }, 'FORBIDDEN', 'guards the daemon'],
    ['the door of the daemon', { EXAI_WS_HOST: '0.0.0.0' }, 'FORBIDDEN', 'guards the daemon'],
    ['which doors there are', { EXAI_WS_LISTEN: 'local' }, 'FORBIDDEN', 'guards the daemon'],
    ['the path of the socket', { EXAI_WS_LOCAL_PATH: '/tmp/x.sock' }, 'FORBIDDEN', 'guards the daemon'],
    ['the place of the logs', { EXAI_LOG_DIR: '/tmp/logs' }, 'FORBIDDEN', 'guards the daemon'],
    ['what clients must show', { EXAI_AUTH_POLICY: 'open' }, 'FORBIDDEN', 'guards the daemon'],
    ['separate users', { MCP_ENABLE_MULTI_USER: 'true' }, 'FORBIDDEN', 'guards the daemon'],
    ['who signs user tokens', { JWT_ISSUER: 'evil' }, 'FORBIDDEN', 'guards the daemon'],
    ['who may do without them', { JWT_GRACE_PERIOD_DAYS: null }, 'FORBIDDEN', 'guards the daemon'],
    ['limits that do not fit', { EXAI_WS_SESSION_MAX_INFLIGHT: '25' }, 'VALIDATION_ERROR', 'expected at most'],
    ['a key file', { JWT_PUBLIC_KEY_FILE: '/no/such.pem' }, 'FORBIDDEN', 'guards the daemon'],
    ['the dashboard on a port of ours', { EXAI_DASHBOARD_PORT: '8765' }, 'VALIDATION_ERROR', 'another port'],
    ['one bad value among good ones', { LOG_LEVEL: 'DEBUG', EXAI_WS_PORT: '-1' }, 'VALIDATION_ERROR', 'EXAI_WS_PORT'],
  ])('LIVE-settings: %s is refused, and nothing is stored', async (_what, change, code, message) => {
    const { store, limiter } = setUp();
    const failure = await refusal(store, change);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(message)]);
    expect(failure.message).not.toMatch(/^exai:/);
    expect(stored()).toBeUndefined();
    expect(limiter.snapshot()).toMatchObject({ sessionCap: 8, global: { capacity: 24 } });
  });

  it.each([
    ['a key file that is not there', '{"JWT_ALGORITHM":"RS256","JWT_PUBLIC_KEY_FILE":"/no/such.pem"}', 'can be read'],
    ['an open network', '{"EXAI_WS_HOST":"0.0.0.0"}', 'beyond loopback authentication is needed'],
  ])('LIVE-settings: beside %s nothing is stored, for the daemon would not start', async (_what, text, message) => {
    const { store } = setUp();
    writeFileSync(settingsFile, text);
    const failure = await refusal(store, { LOG_LEVEL: 'DEBUG' });
    expect([failure.code, failure.message]).toEqual(['VALIDATION_ERROR', expect.stringContaining(message)]);
    expect(readFileSync(settingsFile, 'utf8')).toBe(text);
  });

  it.each(['EXAI_WS_PORT', 'EXAI_DASHBOARD_PORT'])(
    'LIVE-settings: %s is tried before it is stored; 0, a free one and the port of this daemon pass',
    async (name) => {
      const { store } = setUp({}, 9100);
      taken.add('127.0.0.1:9000').add('127.0.0.1:9100');
      const failure = await refusal(store, { [name]: '9000' });
      expect([failure.code, failure.message]).toEqual([
        'VALIDATION_ERROR',
        `${name}: port 9000 at 127.0.0.1 cannot be used: it is taken`,
      ]);
      expect(stored()).toBeUndefined();
      for (const port of ['0', '9100', '9001']) {
        await store.change({ [name]: port });
        expect(stored()).toEqual({ [name]: port });
      }
      // Only what is changed is tried.
      taken.add('127.0.0.1:9001');
      await store.change({ LOG_LEVEL: 'DEBUG' });
    },
  );

  it('LIVE-settings: what a stronger layer says is refused with its place', async () => {
    writeFileSync(join(stateDir, '.env'), '\nLOG_LEVEL=DEBUG\n', { mode: 0o600 });
    const { store } = setUp({ EXAI_WS_GLOBAL_MAX_INFLIGHT: '30' });
    expect(await refusal(store, { LOG_LEVEL: 'INFO' })).toMatchObject({
      code: 'FORBIDDEN',
      message: 'LOG_LEVEL is fixed by .env line 2.',
    });
    expect(await refusal(store, { EXAI_WS_GLOBAL_MAX_INFLIGHT: '3' })).toMatchObject({
      code: 'FORBIDDEN',
      message: 'EXAI_WS_GLOBAL_MAX_INFLIGHT is fixed by the environment.',
    });
  });

  it('LIVE-settings: a file that somebody has broken is not overwritten, and what runs is still shown', async () => {
    const { store, row } = setUp();
    writeFileSync(settingsFile, '{"LOG_LEVEL": ');
    expect(await refusal(store, { LOG_LEVEL: 'DEBUG' })).toMatchObject({
      message: expect.stringContaining('expected JSON'),
    });
    expect(readFileSync(settingsFile, 'utf8')).toBe('{"LOG_LEVEL": ');
    expect(row('LOG_LEVEL')).toMatchObject({ value: 'INFO', pendingValue: null });
  });

  it('LIVE-capacity-persist: a limit takes effect at once and is stored', async () => {
    const { store, limiter, caps, row } = setUp();
    await store.change({
      EXAI_WS_SESSION_MAX_INFLIGHT: '2',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '3',
      EXAI_WS_QUEUE_MAX: '5',
      EXAI_WS_GLM_MAX_INFLIGHT: '1',
      EXAI_WS_OPENAI_MAX_INFLIGHT: '7',
    });
    expect(limiter.snapshot()).toMatchObject({
      sessionCap: 2,
      global: { capacity: 3 },
      queue: { max: 5 },
      providers: { KIMI: { capacity: 6 }, GLM: { capacity: 1 }, OPENAI: { capacity: 7 } },
    });
    expect(limiter.hasQueue).toBe(true);
    expect(row('EXAI_WS_GLM_MAX_INFLIGHT')).toMatchObject({ value: '1', pendingValue: null, place: 'settings.json' });
    expect(setUp().limiter.snapshot()).toMatchObject({ sessionCap: 2, global: { capacity: 3 }, queue: { max: 5 } });
    await store.change({ EXAI_WS_OPENAI_MAX_INFLIGHT: null, EXAI_WS_GLM_MAX_INFLIGHT: null, EXAI_WS_QUEUE_MAX: null });
    expect(caps.providers).toEqual({ KIMI: 6, GLM: 4 });
    expect(limiter.snapshot().providers).toEqual({
      KIMI: { capacity: 6, inflight: 0 },
      GLM: { capacity: 4, inflight: 0 },
    });
    expect(limiter.hasQueue).toBe(false);
  });

  it('LIVE-capacity-persist: session and global limit are looked at together', async () => {
    const { store, limiter } = setUp();
    await store.change({ EXAI_WS_SESSION_MAX_INFLIGHT: '40', EXAI_WS_GLOBAL_MAX_INFLIGHT: '50' });
    expect(limiter.snapshot()).toMatchObject({ sessionCap: 40, global: { capacity: 50 } });
    expect((await refusal(store, { EXAI_WS_GLOBAL_MAX_INFLIGHT: '39' })).message).toContain(
      'EXAI_WS_SESSION_MAX_INFLIGHT',
    );
    expect(limiter.snapshot()).toMatchObject({ sessionCap: 40, global: { capacity: 50 } });
  });
});
