import { describe, expect, it } from 'vitest';
import { envTable } from '../../../protocol/env-table.ts';
import type { SettingView } from '../../../protocol/settings.ts';
import { en } from '../../../protocol/strings/en.ts';
import { capacityChangeOf, groupSettings, isForNextStart, isLiveLimit, labelOf, problemOf } from './setting-groups.ts';

function setting(name: string, summary = 'a summary'): SettingView {
  return {
    name,
    kind: 'text',
    summary,
    value: '',
    defaultValue: '',
    source: 'default',
    place: '',
    isEditable: true,
    needsRestart: true,
    pendingValue: null,
    min: null,
    max: null,
    choices: null,
  };
}

const all = envTable.map(({ name, summary }) => setting(name, summary));

describe('groupSettings', () => {
  it('puts every setting into exactly one group', () => {
    const groups = groupSettings(all, '', en);
    const names = Object.values(groups).flatMap((group) => group.map(({ name }) => name));
    expect(names.toSorted()).toEqual(all.map(({ name }) => name).toSorted());
    expect(groups.limits[0]?.name).toBe('EXAI_WS_SESSION_MAX_INFLIGHT');
    expect(groups.advanced.map(({ name }) => name)).toContain('EXAI_WS_PING_INTERVAL');
  });

  it('finds by name, label and summary, all words, in any case', () => {
    const names = (find: string) =>
      Object.values(groupSettings(all, find, en)).flatMap((group) => group.map(({ name }) => name));
    expect(names('ws_port')).toEqual(['EXAI_WS_PORT']);
    expect(names('TIME limit call')).toEqual(['EXAI_WS_CALL_TIMEOUT']);
    expect(names('silence after a ping')).toEqual(['EXAI_WS_PING_TIMEOUT']);
    expect(names('no such thing')).toEqual([]);
  });
});

it('names what the catalogue knows, else says the summary', () => {
  expect(labelOf(setting('EXAI_WS_PORT'), en)).toBe('Port');
  expect(labelOf(setting('MCP_THING', 'what it does'), en)).toBe('What it does');
});

it('tells a number that cannot be before the daemon is asked', () => {
  const limit = { ...setting('EXAI_WS_PING_TIMEOUT'), kind: 'seconds' as const, min: 1, max: 300 };
  expect(problemOf(limit, '10')).toBeUndefined();
  expect(problemOf(limit, '0.5')).toBe('range');
  expect(problemOf(limit, '301')).toBe('range');
  expect(problemOf(limit, 'ten')).toBe('number');
  expect(problemOf(limit, '0')).toBeUndefined();
  expect(problemOf({ ...limit, max: null }, '0.5')).toBe('small');
  expect(problemOf(setting('EXAI_WS_HOST'), 'ten')).toBeUndefined();
});

it('knows what waits for the next start', () => {
  expect(isForNextStart(setting('EXAI_WS_PORT'))).toBe(true);
  expect(isForNextStart({ ...setting('EXAI_WS_PORT'), isEditable: false })).toBe(false);
  expect(isForNextStart(setting('EXAI_WS_QUEUE_MAX'))).toBe(false);
});

it('knows which variables are limits that hold at once', () => {
  expect(capacityChangeOf('EXAI_WS_SESSION_MAX_INFLIGHT', '8')).toEqual({ session: 8 });
  expect(capacityChangeOf('EXAI_WS_GLOBAL_MAX_INFLIGHT', '24')).toEqual({ global: 24 });
  expect(capacityChangeOf('EXAI_WS_KIMI_MAX_INFLIGHT', '6')).toEqual({ providers: { KIMI: 6 } });
  expect(capacityChangeOf('EXAI_WS_QUEUE_MAX', '0')).toEqual({ queue: 0 });
  expect(capacityChangeOf('EXAI_WS_QUEUE_MAX', '')).toBeUndefined();
  expect(capacityChangeOf('EXAI_WS_QUEUE_MAX', '1.5')).toBeUndefined();
  expect(isLiveLimit('EXAI_WS_CALL_TIMEOUT')).toBe(false);
});
