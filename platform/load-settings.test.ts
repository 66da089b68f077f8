import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SettingsReader } from '../protocol/env-resolve.ts';
import { loadSettings } from './load-settings.ts';

const token = 'pass#word#1234567';

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'exai-settings-'));
});

afterEach(() => {
  rmSync(stateDir, { recursive: true, force: true });
});

function put(name: string, text: string | Uint8Array, mode = 0o600): string {
  const path = join(stateDir, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function load(reader: SettingsReader, env: Readonly<Record<string, string>> = {}) {
  return loadSettings(reader, { env: { EXAI_STATE_DIR: stateDir, ...env } });
}

function loaded(reader: SettingsReader, env: Readonly<Record<string, string>> = {}) {
  const result = load(reader, env);
  if (result.type === 'invalid') throw new Error(result.message);
  return result;
}

function refusal(reader: SettingsReader, env: Readonly<Record<string, string>> = {}): string {
  const result = load(reader, env);
  if (result.type === 'ok') throw new Error('nothing was refused');
  expect(result.exitCode).toBe(78);
  expect(result.message).not.toContain('\n');
  return result.message;
}

describe('the state directory', () => {
  it('WIRE-F4: an empty one gives defaults and its own log folder', () => {
    const { settings, warnings, layout, logDir, envFile } = loaded('daemon');
    expect(settings.port).toBe(8765);
    expect(warnings).toEqual([]);
    expect(layout.stateDir).toBe(stateDir);
    expect(logDir).toBe(layout.defaultLogDir);
    expect(envFile).toBe(join(stateDir, '.env'));
  });

  it('WIRE-F4: one that does not exist yet is no problem and is not made', () => {
    const missing = join(stateDir, 'later', 'on');
    expect(loaded('shim', { EXAI_STATE_DIR: missing }).layout.stateDir).toBe(missing);
    expect(() => rmSync(missing)).toThrow('ENOENT');
  });

  it('WIRE-F4: no home directory and no override is refused with the variable to set', () => {
    expect(loadSettings('daemon', { env: {}, platform: 'linux', home: '' })).toEqual({
      type: 'invalid',
      message: 'exai: no home directory is known: set EXAI_STATE_DIR to an absolute path',
      exitCode: 78,
    });
  });

  it('WIRE-F4: a relative one is refused', () => {
    expect(refusal('shim', { EXAI_STATE_DIR: 'state' })).toBe(
      'exai: EXAI_STATE_DIR="state" (from the environment): expected an absolute path',
    );
  });

  it('WIRE-F4: the log folder may come from any layer', () => {
    put('settings.json', JSON.stringify({ EXAI_LOG_DIR: join(stateDir, 'elsewhere') }));
    expect(loaded('daemon').logDir).toBe(join(stateDir, 'elsewhere'));
  });
});

describe('layers on disk', () => {
  it('WIRE-F4: environment over .env over settings.json, each with its place', () => {
    put('.env', '# ports\nEXAI_WS_PORT=2\nEXAI_LOG_FILES=7\nEXAI_WS_HOST=\n');
    put('settings.json', '{"EXAI_WS_PORT": 3, "EXAI_LOG_FILES": 8, "EXAI_WS_HOST": "localhost"}');
    const { settings, origins } = loaded('daemon', { EXAI_WS_PORT: '1' });
    expect([settings.port, settings.logFiles, settings.host]).toEqual([1, 7, 'localhost']);
    expect([origins.port.source, origins.logFiles.source, origins.host.source]).toEqual([
      'the environment',
      '.env line 3',
      'settings.json',
    ]);
  });

  it('BAD-env-inline-comments WIRE-F4: the runbook’s lines, blanks and CRLF from a real file', () => {
    const text =
      '\uFEFF\r\n# EXAI\r\nEXAI_WS_MAX_BYTES= 33554431 #(32 MB frame limit)\r\n\r\nEXAI_WS_TOKEN = #(optional)\r\n';
    put('.env', text, 0o644);
    const { settings, warnings } = loaded('daemon');
    expect(settings.maxFrameBytes).toBe(33_554_431);
    expect(settings.token).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('PF-A6: daemon and shim get the same token, with its #, from .env, environment and settings file', () => {
    for (const reader of ['daemon', 'shim'] as const) {
      expect(loaded(reader, { EXAI_WS_TOKEN: token }).settings.token).toBe(token);
      const env = put('.env', `EXAI_WS_TOKEN=${token} # ours\n`);
      expect(loaded(reader).settings.token).toBe(token);
      rmSync(env);
      const settings = put('settings.json', JSON.stringify({ EXAI_WS_TOKEN: token }));
      expect(loaded(reader).settings.token).toBe(token);
      rmSync(settings);
    }
  });

  it('PF-S4: a session id in .env is ignored by the shim with a warning', () => {
    put('.env', 'EXAI_SESSION_ID=same-everywhere\nMCP_SERVER_ID=same-too\n');
    const result = loadSettings('shim', { env: { EXAI_STATE_DIR: stateDir } });
    expect(result).toMatchObject({ settings: { sessionId: undefined, serverId: 'ex-ws-shim' } });
    expect(result).toHaveProperty('warnings', [
      'EXAI_SESSION_ID in .env line 1 is ignored; it counts in the environment of a process only',
      'MCP_SERVER_ID in .env line 2 is ignored; it counts in the environment of a process only',
    ]);
  });

  it('WIRE-F4: EXAI_STATE_DIR and ENV_FILE inside a .env lead nowhere', () => {
    put('other.env', 'EXAI_WS_PORT=9\n');
    put('.env', `EXAI_STATE_DIR=/elsewhere\nENV_FILE=${join(stateDir, 'other.env')}\n`);
    const { settings, layout, warnings } = loaded('daemon');
    expect([settings.port, layout.stateDir, warnings.length]).toEqual([8765, stateDir, 2]);
  });

  it('WIRE-F4: a repeated name is reported', () => {
    put('.env', 'EXAI_WS_PORT=1\nEXAI_WS_PORT=2\n');
    expect(loaded('daemon').warnings).toEqual([
      'EXAI_WS_PORT is set again in .env line 2; the value of line 1 is dropped',
    ]);
  });

  it('WIRE-F4: an invalid value names its file and line', () => {
    put('.env', '\n\nEXAI_WS_PORT=80a\n');
    expect(refusal('daemon')).toBe('exai: EXAI_WS_PORT="80a" (from .env line 3): expected an integer 0–65535');
  });

  it('WIRE-F4: the shim never fails on what only the daemon reads', () => {
    put('.env', 'EXAI_WS_CALL_TIMEOUT=x\nEXAI_WS_OPENAI_MAX_INFLIGHT=x\nJWT_SECRET_KEY=short\n', 0o644);
    expect(loaded('shim', { EXAI_AUTH_POLICY: 'nonsense' }).warnings).toEqual([]);
    expect(refusal('daemon')).toContain('JWT_SECRET_KEY');
  });

  it('WIRE-F4: nothing of the environment is kept but our own names', () => {
    const foreign = { PYTHONPATH: '/x', PATH: '/bin', GITHUB_TOKEN: 'g' };
    expect(loaded('shim', foreign).warnings).toEqual([]);
    expect(loaded('daemon', foreign).warnings).toEqual(['no longer used and ignored: PYTHONPATH']);
  });

  it('WIRE-F4: names of the environment have no case on Windows', () => {
    const env = { EXAI_STATE_DIR: stateDir, exai_ws_port: '7' };
    expect(loadSettings('daemon', { env, platform: 'win32' })).toHaveProperty('settings.port', 7);
    expect(loadSettings('daemon', { env, platform: 'linux' })).toHaveProperty('settings.port', 8765);
  });
});

describe('ENV_FILE', () => {
  it('WIRE-F4: it replaces <stateDir>/.env and is named in full', () => {
    put('.env', 'EXAI_WS_PORT=1\n');
    const other = put('prod.env', 'EXAI_WS_PORT=2\nEXAI_WS_HOST=localhost\n');
    const { settings, origins, envFile } = loaded('daemon', { ENV_FILE: other });
    expect([settings.port, origins.host.source, envFile]).toEqual([2, `${other} line 2`, other]);
  });

  it('WIRE-F4: named but missing is refused, empty is unset', () => {
    const missing = join(stateDir, 'gone.env');
    expect(refusal('daemon', { ENV_FILE: missing })).toBe(
      `exai: ENV_FILE=${JSON.stringify(missing)} (from the environment): this file does not exist`,
    );
    expect(loaded('daemon', { ENV_FILE: '' }).settings.port).toBe(8765);
  });

  it('WIRE-F4: a relative one is refused: the working directory never decides', () => {
    expect(refusal('shim', { ENV_FILE: '.env' })).toBe(
      'exai: ENV_FILE=".env" (from the environment): expected an absolute path',
    );
  });

  it('WIRE-F4: a folder in its place is refused with the reason', () => {
    mkdirSync(join(stateDir, 'folder'));
    expect(refusal('daemon', { ENV_FILE: join(stateDir, 'folder') })).toBe(
      `exai: ${join(stateDir, 'folder')}: cannot be read (EISDIR)`,
    );
  });

  it('WIRE-F4: a line it cannot read is named with the file', () => {
    const other = put('prod.env', 'A=1\nhush-hush\n');
    expect(refusal('daemon', { ENV_FILE: other })).toBe(`exai: ${other} line 2: expected NAME=VALUE`);
    const wide = put('wide.env', Buffer.from('\uFEFFEXAI_WS_PORT=1\r\n', 'utf16le'));
    expect(refusal('daemon', { ENV_FILE: wide })).toBe(`exai: ${wide} line 1: expected UTF-8 text`);
  });
});

describe('settings.json', () => {
  it('WIRE-F4: numbers, booleans and lists may be written as such; null is unset', () => {
    const values = {
      EXAI_WS_PORT: 0,
      EXAI_WS_TRUST_PROXY: true,
      EXAI_WS_ALLOWED_HOSTS: ['a', 'b'],
      EXAI_WS_CALL_TIMEOUT: 67.5,
      LOG_LEVEL: null,
    };
    put('settings.json', JSON.stringify(values));
    expect(loadSettings('daemon', { env: { EXAI_STATE_DIR: stateDir } })).toMatchObject({
      settings: { port: 0, trustProxy: true, allowedHosts: ['a', 'b'], callTimeoutMs: 67_500, logLevel: 'INFO' },
    });
  });

  it.each([
    ['broken', '{"EXAI_WS_TOKEN": "hush-hush', /^exai: .*settings\.json line 1 column \d+: expected JSON$/],
    ['empty', '', /^exai: .*settings\.json: expected JSON$/],
    ['a list', '["hush-hush"]', /^exai: .*settings\.json: expected a JSON object of variable names and values$/],
    ['a text', '"hush-hush"', /^exai: .*settings\.json: expected a JSON object of variable names and values$/],
    [
      'an object inside',
      '{"LOG_LEVEL":{"a":"hush-hush"}}',
      /^exai: .*settings\.json: expected a text, number, boolean or list as "LOG_LEVEL"$/,
    ],
    [
      'a list of numbers',
      '{"LOG_LEVEL":[1]}',
      /^exai: .*settings\.json: expected a text, number, boolean or list as "LOG_LEVEL"$/,
    ],
  ])('WIRE-F4: %s is refused by name and nothing of it is shown', (_what, text, line) => {
    put('settings.json', text);
    const message = refusal('daemon');
    expect(message).toMatch(line);
    expect(message).not.toContain('hush');
  });

  it('WIRE-F4: an invalid value names the file', () => {
    put('settings.json', '{"EXAI_WS_PORT": 70000}');
    expect(refusal('shim')).toBe('exai: EXAI_WS_PORT="70000" (from settings.json): expected an integer 0–65535');
  });
});

describe.skipIf(process.platform === 'win32')('files that others can read', () => {
  it.each(['644', '640', '604', '620'])(
    'BAD-world-readable: a .env of mode %s with a token is refused with the fix',
    (mode) => {
      const path = put('.env', `EXAI_WS_TOKEN=${token}\n`, Number.parseInt(mode, 8));
      for (const reader of ['daemon', 'shim'] as const) {
        const message = refusal(reader);
        expect(message).toContain(`exai: ${path} holds EXAI_WS_TOKEN: `);
        expect(message).toMatch(/chmod 600 .*\.env/);
        expect(message).not.toContain(token.slice(0, 8));
      }
    },
  );

  it('BAD-world-readable: ENV_FILE and settings.json likewise, also under an alias', () => {
    const other = put('it’s prod.env', `SUPABASE_JWT_SECRET=${'k'.repeat(40)}\n`, 0o644);
    expect(refusal('daemon', { ENV_FILE: other })).toContain('holds SUPABASE_JWT_SECRET: other users can access');
    const settings = put('settings.json', JSON.stringify({ EXAI_WS_TOKEN: token }), 0o644);
    expect(refusal('shim')).toContain(`exai: ${settings} holds EXAI_WS_TOKEN: `);
  });

  it('BAD-world-readable: provider keys count for the daemon', () => {
    put('.env', 'KIMI_API_KEY=sk-1\n', 0o644);
    expect(refusal('daemon')).toContain('holds KIMI_API_KEY');
    expect(loaded('shim').warnings).toEqual([]);
  });

  it('BAD-world-readable: without a secret, or with an empty one, the mode does not matter; 0600 always works', () => {
    const path = put('.env', 'EXAI_WS_PORT=1\nEXAI_WS_TOKEN=\n', 0o644);
    expect(loaded('daemon').settings.port).toBe(1);
    writeFileSync(path, `EXAI_WS_TOKEN=${token}\n`);
    chmodSync(path, 0o600);
    expect(loaded('daemon').settings.token).toBe(token);
  });
});
