import { envTable } from '../../protocol/env-table.ts';
import type { HistoryFilter, HistoryRow, Series } from '../../protocol/history.ts';
import type { LogFollow, LogLine, LogSource } from '../../protocol/logs.ts';
import type { SettingView } from '../../protocol/settings.ts';
import { type FakeHandlers, Refusal } from './fake-admin-api.ts';
import type { FakeFeed } from './fake-feed.ts';

/** History, logs and settings of a daemon that does not exist: what it would answer, from lists in memory. */
export function fakeRecords(feed: FakeFeed, rows = fakeHistory(250), settings = fakeSettings()): FakeHandlers {
  let list = settings;
  const change = (name: string, value: string | null, isLive: boolean) => {
    const found = list.find((setting) => setting.name === name);
    if (found === undefined || !found.isEditable)
      throw new Refusal(400, 'VALIDATION_ERROR', `${name} cannot be changed.`);
    const next = value ?? found.defaultValue;
    if ((found.min !== null && Number(next) < found.min) || (found.max !== null && Number(next) > found.max)) {
      throw new Refusal(400, 'VALIDATION_ERROR', `${name} must lie between ${found.min} and ${found.max}.`);
    }
    const changed: SettingView = {
      ...found,
      source: value === null ? 'default' : 'settings-file',
      place: value === null ? '' : 'settings.json',
      ...(isLive || next === found.value ? { value: next, pendingValue: null } : { pendingValue: next }),
    };
    list = list.map((setting) => (setting.name === name ? changed : setting));
  };
  const settingsAnswer = () => ({ settings: [...list], settingsFile: '/home/ana/.config/exai/settings.json' });
  return {
    history: ({ query }) => {
      const found = rows.filter((row) => isIn(row, query));
      const start = query.before === undefined ? 0 : found.findIndex(({ id }) => id < (query.before ?? ''));
      const page = start < 0 ? [] : found.slice(start, start + query.limit);
      const isLast = start < 0 || start + query.limit >= found.length;
      return { rows: page, next: isLast ? null : (page.at(-1)?.id ?? null), total: found.length };
    },
    historyFacets: () => ({
      sessions: [...new Set(rows.map(({ sessionId }) => sessionId))],
      tools: [...new Set(rows.map(({ tool }) => tool))],
      instances: [],
    }),
    historySeries: ({ query }) => fakeSeries(query.range, query.from, query.to),
    historyExport: ({ query }) =>
      ['started_at,session_id,tool', ...rows.filter((row) => isIn(row, query)).map(({ tool }) => tool)].join('\r\n'),
    clearHistory: () => ({ deleted: rows.length }),
    logs: () => ({ sources: [...fakeSources] }),
    logFile: () => 'one line\n',
    logFollow: ({ params, query }) => {
      if (!fakeSources.some(({ id }) => id === params.source))
        throw new Refusal(404, 'NOT_FOUND', 'There is no such log.');
      return followed(fakeLog(240).filter(({ level }) => query.level === 'debug' || level === query.level));
    },
    settings: settingsAnswer,
    changeSettings: ({ body }) => {
      for (const [name, value] of Object.entries(body.values)) change(name, value, false);
      return settingsAnswer();
    },
    changeCapacity: ({ body }) => {
      if (body.session !== undefined) change('EXAI_WS_SESSION_MAX_INFLIGHT', String(body.session), true);
      if (body.global !== undefined) change('EXAI_WS_GLOBAL_MAX_INFLIGHT', String(body.global), true);
      if (body.queue !== undefined) change('EXAI_WS_QUEUE_MAX', String(body.queue), true);
      for (const [name, cap] of Object.entries(body.providers ?? {})) {
        change(`EXAI_WS_${name.toUpperCase()}_MAX_INFLIGHT`, String(cap), true);
      }
      return feed.snapshot.caps;
    },
    clearToken: () => {
      feed.change({ daemon: { ...feed.snapshot.daemon, authPolicy: 'open' } });
      return { authPolicy: 'open', generation: feed.snapshot.token.generation, tokenFile: '', sessions: [] };
    },
  };
}

function isIn(row: HistoryRow, { session, tool, outcome, from = 0, to = Infinity, q }: HistoryFilter): boolean {
  return (
    (session ?? row.sessionId) === row.sessionId &&
    (tool ?? row.tool) === row.tool &&
    (outcome ?? row.outcome) === row.outcome &&
    row.startedAt >= from &&
    row.startedAt < to &&
    (q === undefined || `${row.tool} ${row.sessionId} ${row.callId} ${row.errorCode ?? ''}`.includes(q))
  );
}

/** Finished calls of the busy daemon, newest first. */
export function fakeHistory(count = 6): readonly HistoryRow[] {
  const now = Date.now() / 1000;
  const kinds: readonly [string, HistoryRow['outcome'], HistoryRow['errorCode'], number][] = [
    ['chat', 'ok', null, 2_100],
    ['version', 'ok', null, 4],
    ['thinkdeep', 'refused', 'OVER_CAPACITY', 1_200],
    ['planner', 'timeout', 'TIMEOUT', 120_000],
    ['read_file', 'cancelled', 'CANCELLED', 840],
    ['chat', 'tool_error', 'PROVIDER_ERROR', 3_050],
  ];
  return Array.from({ length: count }, (_, index): HistoryRow => {
    const [tool, outcome, errorCode, durationMs] = kinds[index % kinds.length] ?? ['chat', 'ok', null, 1];
    const isModel = tool !== 'version' && tool !== 'read_file';
    return {
      id: `row-${String(1_000_000 - index).padStart(8, '0')}`,
      callId: `c_019a${String(4_711_000 + index)}`,
      startedAt: now - 60 * index * (1 + index / 20) - 30,
      sessionId: index % 5 < 3 ? 'vscode-instance-1' : index % 5 === 3 ? 'vscode-instance-1#2' : 'auggie-1',
      instanceId: null,
      tool,
      upstream: tool === 'read_file' ? 'github' : null,
      provider: isModel ? 'kimi' : null,
      model: isModel ? 'kimi-k2' : null,
      queuedMs: outcome === 'refused' ? 1_200 : 0,
      durationMs,
      outcome,
      errorCode,
      requestBytes: 1_434,
      responseBytes: outcome === 'ok' ? 5_120 : 0,
      argumentsPreview: isModel ? '{"prompt":"Review the change in <b>billing</b>"}' : null,
      daemonRunId: 'run-1',
    };
  });
}

const buckets = { '15m': [5, 180], '1h': [15, 240], '24h': [300, 288], '7d': [1_800, 336] } as const;

/** Load that comes in waves, with a hole where the daemon was not running. */
export function fakeSeries(range: keyof typeof buckets, from?: number, to?: number): Series {
  const [bucketSeconds, count] =
    from === undefined || to === undefined ? buckets[range] : [60, Math.ceil((to - from) / 60)];
  const end = to ?? Date.now() / 1000;
  const first = Math.floor(end / bucketSeconds) * bucketSeconds - (count - 1) * bucketSeconds;
  const t = Array.from({ length: count }, (_, index) => first + index * bucketSeconds);
  const wave = (index: number) => Math.max(0, Math.sin((index / count) * 20) + Math.sin((index / count) * 7) + 0.4);
  const isHole = (index: number) => index > count * 0.4 && index < count * 0.46;
  const measure = (value: (index: number) => number) =>
    t.map((_, index) => (isHole(index) ? 0 : Math.round(value(index))));
  const gap = (value: (index: number) => number) =>
    t.map((_, index) => (isHole(index) || wave(index) === 0 ? null : Math.round(value(index))));
  return {
    bucketSeconds,
    t,
    calls: measure((index) => wave(index) * 3),
    errors: measure((index) => (index % 29 === 0 ? 1 : 0)),
    refused: measure((index) => (wave(index) > 2 && index % 5 === 0 ? 2 : 0)),
    p50Ms: gap((index) => 300 + wave(index) * 120),
    p95Ms: gap((index) => 1_200 + wave(index) * 700 + (index % 11) * 40),
    inflightMax: gap((index) => wave(index) * 6),
    cap: 24,
  };
}

const fakeSources: readonly LogSource[] = [
  { id: 'daemon', kind: 'daemon', file: 'ws_daemon.log', bytes: 120_000, modifiedAt: 1_795_000_000 },
  { id: 'traffic', kind: 'traffic', file: 'ws_traffic.log', bytes: 90_000, modifiedAt: 1_795_000_000 },
  { id: 'shim:vscode1', kind: 'shim', file: 'ws_shim_vscode1.log', bytes: 8_000, modifiedAt: 1_795_000_000 },
  { id: 'shim:vscode1-2', kind: 'shim', file: 'ws_shim_vscode1-2.log', bytes: 8_000, modifiedAt: 1_794_000_000 },
  { id: 'shim:old', kind: 'shim', file: 'ws_shim_old.log', bytes: 8_000, modifiedAt: 1_700_000_000 },
];

function fakeLog(count: number): readonly LogLine[] {
  const kinds: readonly [LogLine['level'], string, string][] = [
    ['info', 'hello accepted', '{"sessionId":"vscode-instance-1","transport":"shim","pid":4242}'],
    [
      'info',
      'call finished',
      '{"callId":"c_019a4711","tool":"chat","durationMs":2100,"sessionId":"vscode-instance-1"}',
    ],
    ['debug', 'ping', ''],
    ['warn', 'call refused', '{"code":"OVER_CAPACITY","provider":"kimi","limit":6,"inflight":6,"queued":3}'],
    ['error', 'upstream ended', '{"upstream":"jira","exitCode":127,"stderr":"uvx: <script>not found</script>"}'],
    [
      null,
      'Traceback (most recent call last): a line that is not ours and is rather long, so that it must give way',
      '',
    ],
  ];
  const now = Date.now();
  return Array.from({ length: count }, (_, index): LogLine => {
    const [level, msg, fields] = kinds[index % kinds.length] ?? [null, '', ''];
    return { t: level === null ? null : new Date(now - (count - index) * 1_000).toISOString(), level, msg, fields };
  });
}

async function* followed(lines: readonly LogLine[]): AsyncIterable<LogFollow> {
  if (lines.length === 0) return yield { type: 'lines', lines: [] };
  yield { type: 'lines', lines: lines.slice(0, -3) };
  yield { type: 'gap', lines: 37 };
  yield { type: 'lines', lines: lines.slice(-3) };
}

/** The table of variables at its defaults, with one fixed by a file and one waiting for a restart. */
export function fakeSettings(): readonly SettingView[] {
  return envTable.flatMap((variable): SettingView[] => {
    const { name, kind, summary } = variable;
    if (kind === 'secret') return [];
    const {
      fallback,
      min = null,
      max = null,
      choices = null,
    } = variable as Partial<Record<string, unknown>> as {
      fallback?: string | number | boolean | readonly string[];
      min?: number;
      max?: number;
      choices?: string[];
    };
    const plain = typeof fallback === 'object' ? fallback.join(',') : String(fallback ?? '');
    const value = kind === 'seconds' && plain !== '' ? String(Number(plain) / 1000) : plain;
    const base = {
      name,
      kind,
      summary,
      value,
      defaultValue: value,
      source: 'default' as const,
      place: '',
      isEditable: true,
      needsRestart: true,
      pendingValue: null,
      min,
      max,
      choices,
    };
    if (name === 'EXAI_WS_GLM_MAX_INFLIGHT') {
      return [{ ...base, value: '2', source: 'environment', place: 'the environment', isEditable: false }];
    }
    if (name === 'EXAI_WS_PORT') {
      return [{ ...base, source: 'settings-file', place: 'settings.json', pendingValue: '8770' }];
    }
    return [base];
  });
}
