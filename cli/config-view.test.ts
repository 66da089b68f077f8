import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadSettings } from '../platform/load-settings.ts';
import type { SettingsReader } from '../protocol/env-resolve.ts';
import { variablesOf } from '../protocol/env-resolve.ts';
import { configJson, configRows, configText } from './config-view.ts';

const token = 'pass#word#1234567';

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'exai-config-'));
});

afterEach(() => {
  rmSync(stateDir, { recursive: true, force: true });
});

function rowsOf(reader: SettingsReader, env: Readonly<Record<string, string>> = {}) {
  const result = loadSettings(reader, { env: { EXAI_STATE_DIR: stateDir, ...env } });
  if (result.type === 'invalid') throw new Error(result.message);
  const rows = configRows(result, reader);
  return { rows, byName: new Map(rows.map((row) => [row.name, row])) };
}

function putEnvFile(text: string): void {
  writeFileSync(join(stateDir, '.env'), text);
  chmodSync(join(stateDir, '.env'), 0o600);
}

it.each(['daemon', 'shim'] as const)('WIRE-F4: every variable of the %s has one row', (reader) => {
  const { rows } = rowsOf(reader);
  expect(rows.map(({ name }) => name)).toEqual(variablesOf(reader).map(({ name }) => name));
  expect(rows.every(({ summary }) => summary.length > 0)).toBe(true);
});

it('WIRE-F4: the effective value and its layer are shown', () => {
  putEnvFile('# limits\nEXAI_WS_CALL_TIMEOUT=67.5\nMCP_SESSION_TIMEOUT=90\n');
  writeFileSync(join(stateDir, 'settings.json'), '{"EXAI_WS_ALLOWED_HOSTS":["a","b"]}');
  const { byName } = rowsOf('daemon', { EXAI_WS_PORT: '9000' });
  expect(byName.get('EXAI_WS_PORT')).toMatchObject({ value: '9000', layer: 'environment', source: 'the environment' });
  expect(byName.get('EXAI_WS_CALL_TIMEOUT')).toMatchObject({ value: '67.5', layer: 'env-file', source: '.env line 2' });
  expect(byName.get('SESSION_TIMEOUT_SECS')).toMatchObject({
    value: '90',
    source: '.env line 3 as MCP_SESSION_TIMEOUT',
  });
  expect(byName.get('EXAI_WS_ALLOWED_HOSTS')).toMatchObject({
    value: 'a,b',
    layer: 'settings-file',
    source: 'settings.json',
  });
  expect(byName.get('EXAI_WS_HOST')).toMatchObject({ value: '127.0.0.1', layer: 'default', source: 'default' });
});

it('WIRE-F4: values that follow from others are shown too', () => {
  const daemon = rowsOf('daemon', { EXAI_WS_MAX_BYTES: '65536' }).byName;
  expect(daemon.get('TOOL_CALL_MAX_SIZE')?.value).toBe('65536');
  expect(daemon.get('EXAI_STATE_DIR')?.value).toBe(stateDir);
  expect(daemon.get('EXAI_LOG_DIR')?.value).toBe(join(stateDir, 'logs'));
  expect(daemon.get('ENV_FILE')?.value).toBe(join(stateDir, '.env'));
  expect([daemon.get('EXAI_LOG_MAX_BYTES')?.value, daemon.get('EXAI_LOG_FILES')?.value]).toEqual(['10485760', '5']);
  const shim = rowsOf('shim').byName;
  expect([shim.get('EXAI_LOG_MAX_BYTES')?.value, shim.get('EXAI_LOG_FILES')?.value]).toEqual(['5242880', '3']);
});

it('WIRE-F4: the limits of further providers are rows of their own', () => {
  expect(rowsOf('daemon', { EXAI_WS_OPENAI_MAX_INFLIGHT: '3' }).rows.at(-1)).toEqual({
    name: 'EXAI_WS_OPENAI_MAX_INFLIGHT',
    value: '3',
    layer: 'environment',
    source: 'the environment',
    summary: 'calls in flight, provider OPENAI',
  });
});

it('WIRE-F4: secrets are *** in both forms, whatever their layer', () => {
  putEnvFile(`JWT_SECRET_KEY=${'hush'.repeat(10)}\n`);
  const { rows, byName } = rowsOf('daemon', { EXAI_WS_TOKEN: token });
  expect([byName.get('EXAI_WS_TOKEN')?.value, byName.get('JWT_SECRET_KEY')?.value]).toEqual(['***', '***']);
  const printed = configText(rows) + configJson(rows) + configText(rowsOf('shim', { EXAI_JWT_TOKEN: token }).rows);
  expect(printed).not.toContain('hush');
  expect(printed).not.toContain(token.slice(0, 8));
  expect(rowsOf('daemon').byName.get('EXAI_WS_TOKEN')).not.toHaveProperty('value');
});

it('WIRE-F4: the text is an aligned table', () => {
  const summary = 'what it does';
  const text = configText([
    { name: 'A', value: '12345678', layer: 'default', source: 'default', summary },
    { name: 'LONG_NAME', value: '', layer: 'env-file', source: '.env line 3', summary },
    { name: 'B', layer: 'default', source: 'default', summary },
  ]);
  expect(text).toBe(
    [
      'NAME       VALUE     FROM         MEANING',
      'A          12345678  default      what it does',
      'LONG_NAME  -         .env line 3  what it does',
      'B          -         default      what it does',
    ].join('\n'),
  );
});

it('WIRE-F4: the JSON reads back as the rows', () => {
  const { rows } = rowsOf('shim', { EXAI_SESSION_ID: 'mine' });
  expect(JSON.parse(configJson(rows))).toEqual(rows);
});
