import { assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EnvEntry } from './env-file.ts';
import { resolveSettings, type SettingsLayer, type SettingsReader } from './env-resolve.ts';
import { ignoredVariables } from './env-table.ts';

const labels = { environment: 'the environment', 'env-file': '.env', 'settings-file': 'settings.json' } as const;
type LayerName = keyof typeof labels;
type Values = Partial<Record<LayerName, Readonly<Record<string, string>>>>;

/** Values of the `.env` file get the line of their position. */
function resolve(reader: SettingsReader, values: Values = {}) {
  const layers = (['environment', 'env-file', 'settings-file'] as const).map((layer): SettingsLayer => {
    const entries = Object.entries(values[layer] ?? {}).map(([name, value], index): [string, EnvEntry] => [
      name,
      layer === 'env-file' ? { value, line: index + 1 } : { value },
    ]);
    return { layer, label: labels[layer], values: new Map(entries) };
  });
  return resolveSettings({ reader, layers, isAbsolutePath: (path) => path.startsWith('/') });
}

function resolved(reader: SettingsReader, values: Values = {}) {
  const result = resolve(reader, values);
  if (result.type === 'invalid') throw new Error(result.message);
  const settings: Readonly<Record<string, unknown>> = result.settings;
  return { ...result, settings };
}

/** The one line of a refusal. */
function refusal(reader: SettingsReader, values: Values): string {
  const result = resolve(reader, values);
  if (result.type === 'ok') throw new Error('nothing was refused');
  return result.message;
}

function daemonSettings(name: string, text: string) {
  return resolved('daemon', { environment: { [name]: text } }).settings;
}

function portOf(values: Values) {
  return resolved('daemon', values).settings['port'];
}

function sessionTimeoutOf(values: Values) {
  return resolved('daemon', values).settings['sessionTimeoutMs'];
}

describe('layers', () => {
  it('WIRE-F4: environment over .env over settings file over default', () => {
    const all = {
      environment: { EXAI_WS_PORT: '1' },
      'env-file': { EXAI_WS_PORT: '2' },
      'settings-file': { EXAI_WS_PORT: '3' },
    };
    expect(portOf(all)).toBe(1);
    expect(portOf({ ...all, environment: { EXAI_WS_PORT: '' } })).toBe(2);
    expect(portOf({ ...all, environment: {}, 'env-file': { EXAI_WS_PORT: ' ' } })).toBe(3);
    expect(portOf({})).toBe(8765);
  });

  it('WIRE-F4: a hidden value is not judged', () => {
    const result = resolved('daemon', { environment: { EXAI_WS_PORT: '1' }, 'env-file': { EXAI_WS_PORT: '80a' } });
    expect(result.settings['port']).toBe(1);
  });

  it('WIRE-F4: the sample message of the specification', () => {
    const result = resolve('daemon', { 'env-file': { A: '1', B: '2', EXAI_WS_PORT: '80a' } });
    expect(result).toEqual({
      type: 'invalid',
      message: 'exai: EXAI_WS_PORT="80a" (from .env line 3): expected an integer 0–65535',
    });
  });

  it.each([
    ['EXAI_WS_MAX_BYTES', '1', 'expected a number of bytes 65536–1073741824'],
    ['EXAI_LOG_MAX_BYTES', '1', 'expected a number of bytes from 65536 up'],
    ['EXAI_WS_PING_INTERVAL', '0.5', 'expected seconds 1–300, or 0 for off'],
    ['RATE_LIMIT_IP_REFILL_RATE', 'x', 'expected a number 0.1–100000'],
    ['EXAI_WS_COMPAT_TEXT', 'x', 'expected true or false'],
    ['EXAI_WS_COALESCE', 'x', 'expected one of auto, on, off'],
    ['EXAI_WS_LISTEN', 'x', 'expected at least one of tcp, local'],
    ['EXAI_LOG_DIR', 'logs', 'expected an absolute path'],
  ])('WIRE-F4: what %s expects is said in words', (name, text, expected) => {
    const result = resolve('daemon', { environment: { [name]: text } });
    expect(result).toEqual({ type: 'invalid', message: `exai: ${name}="${text}" (from the environment): ${expected}` });
  });

  it('WIRE-F4: a very long value is cut in the message', () => {
    const result = refusal('daemon', { environment: { EXAI_WS_PORT: 'x'.repeat(5000) } });
    expect(result.length).toBeLessThan(200);
  });

  it('WIRE-F4: seconds keep their fraction, and a short duration never becomes "off"', () => {
    expect(daemonSettings('EXAI_WS_CALL_TIMEOUT', '67.5')['callTimeoutMs']).toBe(67_500);
    expect(daemonSettings('EXAI_WS_CLOSE_TIMEOUT', '.25')['closeTimeoutMs']).toBe(250);
    expect(daemonSettings('EXAI_IDLE_EXIT_SECS', '0.0001')['idleExitMs']).toBe(1);
    expect(daemonSettings('EXAI_WS_PING_INTERVAL', '-5')['pingIntervalMs']).toBe(0);
  });

  it('PF-T2: every duration inside a range survives as exact milliseconds', () => {
    assert(
      property(integer({ min: 3000, max: 3_600_000 }), (milliseconds) => {
        const environment = { EXAI_WS_CALL_TIMEOUT: String(milliseconds / 1000) };
        expect(resolved('daemon', { environment }).settings['callTimeoutMs']).toBe(milliseconds);
      }),
    );
  });

  it('PF-A6: a token with # and blanks is the same text from every layer and for both processes', () => {
    for (const reader of ['daemon', 'shim'] as const) {
      for (const place of ['environment', 'env-file', 'settings-file'] as const) {
        const { settings } = resolved(reader, { [place]: { EXAI_WS_TOKEN: 'pass#word # 1234567' } });
        expect(settings['token']).toBe('pass#word # 1234567');
      }
    }
  });

  it('PF-A1: a token of blanks stays a token, so that it can be refused', () => {
    expect(resolved('daemon', { environment: { EXAI_WS_TOKEN: '  ' } }).settings['token']).toBe('  ');
  });
});

describe('aliases', () => {
  it('WIRE-F4: an alias counts, and the origin names it', () => {
    const { settings, origins } = resolved('daemon', { 'env-file': { MCP_SESSION_TIMEOUT: '60' } });
    expect(settings['sessionTimeoutMs']).toBe(60_000);
    expect(origins).toHaveProperty('sessionTimeoutMs', {
      layer: 'env-file',
      name: 'MCP_SESSION_TIMEOUT',
      line: 1,
      source: '.env line 1',
    });
  });

  it('WIRE-F4: in one layer the canonical name wins unless it is empty; a stronger layer wins over both', () => {
    const both = { SESSION_TIMEOUT_SECS: '61', MCP_SESSION_TIMEOUT: '62' };
    expect(sessionTimeoutOf({ environment: both })).toBe(61_000);
    expect(sessionTimeoutOf({ environment: { ...both, SESSION_TIMEOUT_SECS: '' } })).toBe(62_000);
    expect(sessionTimeoutOf({ environment: { MCP_SESSION_TIMEOUT: '62' }, 'env-file': both })).toBe(62_000);
  });

  it('WIRE-F4: an invalid value is reported under the name that was used, a secret masked', () => {
    const result = resolve('daemon', { environment: { SUPABASE_JWT_SECRET: 'hush\u0000' } });
    expect(result).toEqual({
      type: 'invalid',
      message: 'exai: SUPABASE_JWT_SECRET="***" (from the environment): expected text without control characters',
    });
  });
});

describe('variables of one process', () => {
  const identity = [
    'EXAI_SESSION_ID',
    'EXAI_INSTANCE_ID',
    'EXAI_SERVER_NAME',
    'MCP_SERVER_ID',
    'EXAI_LOG_PREFIX',
    'EXAI_SHIM_ID',
  ];

  it.each(identity)('PF-S4: %s in a .env or settings file is ignored by the shim with a warning', (name) => {
    const values = { [name]: 'all-windows-equal' };
    const { settings, warnings } = resolved('shim', { 'env-file': values, 'settings-file': values });
    expect(settings).toEqual(resolved('shim').settings);
    expect(warnings).toEqual([
      `${name} in .env line 1 is ignored; it counts in the environment of a process only`,
      `${name} in settings.json is ignored; it counts in the environment of a process only`,
    ]);
  });

  it('PF-S4: the warning comes also when the environment gives the value', () => {
    const { settings, warnings } = resolved('shim', {
      environment: { EXAI_SESSION_ID: 'mine' },
      'env-file': { EXAI_SESSION_ID: 'x' },
    });
    expect(settings['sessionId']).toBe('mine');
    expect(warnings).toHaveLength(1);
  });

  it('PF-S4: the daemon, which does not read them, stays silent', () => {
    expect(resolved('daemon', { 'env-file': { EXAI_SESSION_ID: 'x' } }).warnings).toEqual([]);
  });

  it.each(['daemon', 'shim'] as const)(
    'WIRE-F4: the %s takes ENV_FILE and EXAI_STATE_DIR from the environment only',
    (reader) => {
      const { settings, warnings } = resolved(reader, { 'env-file': { EXAI_STATE_DIR: '/x', ENV_FILE: 'relative' } });
      expect(settings['stateDirOverride']).toBeUndefined();
      expect(settings['envFileOverride']).toBeUndefined();
      expect(warnings).toHaveLength(2);
    },
  );
});

describe('provider limits', () => {
  it('WIRE-F4: other providers get their limit by name, the strongest layer first', () => {
    const result = resolved('daemon', {
      environment: { EXAI_WS_OPENAI_MAX_INFLIGHT: '3' },
      'env-file': {
        EXAI_WS_OPENAI_MAX_INFLIGHT: '4',
        EXAI_WS_MY_LAB_2_MAX_INFLIGHT: '10000',
        EXAI_WS_NONE_MAX_INFLIGHT: '',
      },
    });
    expect(result.providerCaps).toEqual({ OPENAI: 3, MY_LAB_2: 10_000 });
    expect(result.providerCapOrigins).toHaveProperty('MY_LAB_2.source', '.env line 2');
    expect(result.warnings).toEqual([]);
  });

  it('WIRE-F4: names of the table are no further providers', () => {
    const environment = {
      EXAI_WS_SESSION_MAX_INFLIGHT: '1',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '2',
      EXAI_WS_KIMI_MAX_INFLIGHT: '3',
      EXAI_WS_GLM_MAX_INFLIGHT: '4',
    };
    expect(resolved('daemon', { environment }).providerCaps).toEqual({});
  });

  it.each(['0', '10001', 'x', '1.5'])('WIRE-F4: %s is refused by the daemon and no business of the shim', (text) => {
    const values = { 'env-file': { EXAI_WS_OPENAI_MAX_INFLIGHT: text } };
    expect(resolve('daemon', values)).toEqual({
      type: 'invalid',
      message: `exai: EXAI_WS_OPENAI_MAX_INFLIGHT="${text}" (from .env line 1): expected an integer 1–10000`,
    });
    expect(resolved('shim', values)).toMatchObject({ providerCaps: {}, warnings: [] });
  });

  it('WIRE-F4: a mistyped limit of ours is asked about', () => {
    const { warnings } = resolved('daemon', { environment: { EXAI_WS_SESION_MAX_INFLIGHT: '3' } });
    expect(warnings).toEqual([
      'EXAI_WS_SESION_MAX_INFLIGHT in the environment sets the limit of a provider called SESION; did you mean EXAI_WS_SESSION_MAX_INFLIGHT?',
    ]);
  });
});

describe('names we do not read', () => {
  it.each([
    ['EXAI_WS_PROT', 'EXAI_WS_PORT'],
    ['EXAI_WS_TOKEN_FIEL', 'EXAI_WS_TOKEN_FILE'],
    ['EXAI_LOG_LEVEL', 'LOG_LEVEL'],
    ['EXAI_PORT', 'EXAI_WS_PORT'],
    ['EXAI_JWT_SECRET_KEY', 'JWT_SECRET_KEY'],
    ['EXAI_MCP_SERVER_ID', 'MCP_SERVER_ID'],
  ])('WIRE-F4: unknown %s is answered with %s, without its value', (name, meant) => {
    for (const reader of ['daemon', 'shim'] as const) {
      const { warnings } = resolved(reader, { 'env-file': { [name]: 'hush' } });
      expect(warnings).toEqual([`${name} in .env line 1 is unknown and has no effect; did you mean ${meant}?`]);
    }
  });

  it('WIRE-F4: an unknown name near to nothing gets no guess; foreign names get no warning', () => {
    const { warnings } = resolved('daemon', {
      environment: { EXAI_QQQQQQQQQQQQ: '1', KIMI_API_KEY: 'x', PATH: '/bin' },
    });
    expect(warnings).toEqual(['EXAI_QQQQQQQQQQQQ in the environment is unknown and has no effect']);
  });

  it('WIRE-F4: names of the predecessor are ignored with one warning', () => {
    const names = ignoredVariables.map((name) => name.replace('*', 'X'));
    const environment = Object.fromEntries(names.map((name) => [name, 'whatever']));
    const { warnings } = resolved('daemon', { environment, 'env-file': { EXAI_WS_TIMEOUT: '1' } });
    expect(warnings).toEqual([`no longer used and ignored: ${names.toSorted().join(', ')}`]);
  });
});
