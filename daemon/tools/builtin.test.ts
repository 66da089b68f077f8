import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SecretValues } from '../../platform/redaction.ts';
import { metricsLine } from '../observe/metrics-log.ts';
import { sampleCall, sampleSession, sampleStatus } from '../observe/sample-data.ts';
import type { DaemonStatus } from '../observe/status.ts';
import { type BuiltinOptions, builtinTools } from './builtin.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

let logDir: string;
let status: DaemonStatus;
let flushes: number;

beforeEach(() => {
  logDir = mkdtempSync(join(tmpdir(), 'exai-tools-'));
  status = sampleStatus();
  flushes = 0;
});

afterEach(() => {
  rmSync(logDir, { recursive: true, force: true });
});

function flushLogs(): void {
  flushes += 1;
}

function tools(options?: BuiltinOptions): readonly Tool[] {
  const registry = {
    list: () => [
      sampleSession(),
      sampleSession({ key: 'k2', sessionId: 'zed', clientName: 'Zed', tokenGeneration: 2 }),
    ],
  };
  const source = { status: () => status };
  return builtinTools({ status: source, run: { run: () => status }, registry, logDir, flushLogs }, options);
}

const context: ToolContext = {
  signal: new AbortController().signal,
  sessionId: 'vscode-instance-1',
  sessionKey: 'k1',
  reportProgress: () => undefined,
  streamChunk: () => undefined,
};

async function call(name: string, args: unknown = {}, options?: BuiltinOptions): Promise<ToolResult> {
  const tool = tools(options).find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const result = await tool.call(args, context);
  // What a strict client does with every result of a tool that has an output schema.
  if (tool.outputSchema !== undefined && result.isError !== true)
    z.fromJSONSchema({ ...tool.outputSchema }).parse(result.structuredContent);
  return result;
}

function text(result: ToolResult): string {
  return result.content.map((block) => String(block['text'])).join('\n');
}

describe('builtinTools', () => {
  it('MAIN-builtin-tools: the predecessor’s names and inputs', () => {
    const inputs = tools().map(({ name, inputSchema }) => [
      name,
      Object.keys(inputSchema['properties'] ?? {}),
      inputSchema['required'] ?? [],
    ]);
    expect(inputs).toEqual([
      ['version', [], []],
      ['listmodels', [], []],
      ['status', ['tail_lines', 'include_tools', 'doctor', 'probe'], []],
      ['health', ['tail_lines'], []],
      ['activity', ['lines', 'filter', 'source', 'since', 'until', 'structured'], []],
      ['provider_capabilities', ['include_tools', 'show_advanced', 'invalidate_cache'], []],
    ]);
    const properties = (name: string): unknown => tools().find((tool) => tool.name === name)?.inputSchema['properties'];
    expect(properties('status')).toMatchObject({ tail_lines: { default: 30 } });
    expect(properties('health')).toMatchObject({ tail_lines: { default: 50 } });
    expect(properties('activity')).toMatchObject({
      lines: { default: 200, minimum: 10, maximum: 5000 },
      source: { enum: ['auto', 'activity', 'server'], default: 'auto' },
    });
  });

  it('WIRE-C1: version, status and health take no slot, the others do; all of them only look', () => {
    expect(
      tools()
        .filter((tool) => tool.isExempt === true)
        .map(({ name }) => name),
    ).toEqual(['version', 'status', 'health']);
    for (const tool of tools()) {
      expect(tool.annotations).toEqual({
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      });
      expect(tool.provider).toBeUndefined();
    }
  });

  it('PF-T3: shows the tools that were chosen, and tells which names fit none', () => {
    const unknown: string[] = [];
    const visibility = { disabledTools: ['activity', 'actvity'] };
    const names = tools({ visibility, onUnknownTool: (name) => unknown.push(name) }).map(({ name }) => name);
    expect(names).not.toContain('activity');
    expect(unknown).toEqual(['actvity']);
  });
});

describe('version', () => {
  it('MAIN-builtin-tools: says what answers, to people and programs; `model` is ignored', async () => {
    const result = await call('version', { model: 'auto' });
    expect(result.structuredContent).toMatchObject({
      name: 'exai-tray',
      protocol: '1.0',
      daemon_run_id: '01J9',
      uptime_human: '0:01:00',
    });
    expect(text(result)).toMatch(
      /^# EXAI daemon \S+\n\n- Up 0:01:00, run 01J9\n- EXAI protocol 1\.0; MCP 2025-11-25, /,
    );
  });
});

describe('listmodels', () => {
  it('MAIN-builtin-tools: is honest about having none, and names what will add them', async () => {
    const result = await call('listmodels', { model: 'x' });
    expect(text(result)).toBe(
      [
        '# Models',
        '',
        'This version serves no model provider, so there are no models. Providers arrive in a later version.',
        'They will be added by:',
        '',
        '- Kimi (Moonshot): `KIMI_API_KEY` (or `MOONSHOT_API_KEY`), not set',
        '- GLM (Z.ai): `GLM_API_KEY` (or `ZHIPUAI_API_KEY`), not set',
        '- any server with the OpenAI API, such as Ollama: `CUSTOM_API_URL`, not set',
      ].join('\n'),
    );
    expect(result.structuredContent).toMatchObject({ models: [] });
  });

  it('MAIN-builtin-tools: a key that is set already is told without its value', async () => {
    const result = await call('listmodels', {}, { isVariableSet: (name) => name === 'MOONSHOT_API_KEY' });
    expect(text(result)).toContain('(or `MOONSHOT_API_KEY`), set, not used yet');
    expect(result.structuredContent).toMatchObject({
      providers: [{ name: 'KIMI', available: false, variables_set: ['MOONSHOT_API_KEY'] }, {}, {}],
    });
  });
});

describe('status', () => {
  it('MAIN-builtin-tools MAIN-two-windows: plain JSON with health, every window, limits and the last calls', async () => {
    writeFileSync(join(logDir, 'mcp_activity.log'), '{"t":1,"tool":"a"}\n{"t":2,"tool":"b"}\nnot json\n');
    const result = await call('status', { tail_lines: 2 });
    expect(JSON.parse(text(result))).toEqual(result.structuredContent);
    expect(result.structuredContent).toMatchObject({
      status: 'healthy',
      session_id: 'vscode-instance-1',
      sessions: [
        { session_id: 'vscode-instance-1', client: 'Visual Studio Code' },
        { session_id: 'zed', client: 'Zed' },
      ],
      global: { capacity: 24, inflight: 1 },
      recent_calls: [{ t: 2, tool: 'b' }, { line: 'not json' }],
    });
    expect(result.structuredContent).not.toHaveProperty('tools');
    expect(flushes).toBe(1);
  });

  it('MAIN-builtin-tools: tools, doctor and probe on request', async () => {
    status = sampleStatus({
      authPolicy: 'open',
      global: { capacity: 24, inflight: 24 },
      metricsLogProblem: 'The metrics log cannot be written (3 lines lost so far).',
      diskUsedRatio: 0.9,
      abandonedCalls: 1,
      eventLoopLagMs: 900,
    });
    const { structuredContent } = await call('status', {
      include_tools: true,
      doctor: true,
      probe: true,
      tail_lines: 0,
    });
    expect(structuredContent?.['tools']).toContain('activity');
    expect(structuredContent?.['probe']).toEqual({ event_loop_turn_ms: expect.any(Number) as unknown, providers: [] });
    expect(structuredContent?.['recent_calls']).toEqual([]);
    expect(structuredContent?.['doctor']).toEqual([
      { check: 'authentication', ok: false, detail: 'Authentication is off; `exai token rotate` turns it on.' },
      {
        check: 'token',
        ok: true,
        detail: '1 windows connected with an older token; they take the new one when they reconnect.',
      },
      {
        check: 'capacity',
        ok: false,
        detail:
          '24 of 24 slots are in use, 0 calls wait: new calls are refused until one ends, or raise EXAI_WS_GLOBAL_MAX_INFLIGHT.',
      },
      {
        check: 'leases',
        ok: false,
        detail: '1 cancelled calls still run without a slot; 0 slots were given back twice.',
      },
      {
        check: 'metrics log',
        ok: false,
        detail: 'The metrics log cannot be written (3 lines lost so far). Free some space in the log directory.',
      },
      { check: 'disk', ok: false, detail: 'The disk of logs and state is 90 % full. Free some space.' },
      { check: 'event loop', ok: false, detail: 'The longest delay of the last seconds was 900 ms.' },
    ]);
  });

  it('MAIN-builtin-tools: the doctor finds nothing wrong with a healthy daemon', async () => {
    const { structuredContent } = await call('status', { doctor: true });
    const checks = structuredContent?.['doctor'] as { ok: boolean }[];
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks).toHaveLength(7);
  });
});

describe('health', () => {
  it('MAIN-builtin-tools: the snapshot of now and the tail of the metrics log', async () => {
    status = sampleStatus({ metricsLogProblem: 'It is full.' });
    const lines = ['c_1', 'c_2', 'c_3'].map(
      (callId) => `${metricsLine(sampleCall({ callId }), SecretValues.of([]))}\n`,
    );
    writeFileSync(join(logDir, 'ws_daemon.metrics.jsonl'), lines.join(''));
    const { structuredContent } = await call('health', { tail_lines: 2 });
    expect(structuredContent).toMatchObject({
      health: { status: 'degraded', schema: 1, sessions: 2, uptime_human: '0:01:00' },
      reasons: ['It is full.'],
      metrics_tail: [{ call: 'c_2' }, { call: 'c_3', op: 'call_tool' }],
    });
    expect(flushes).toBe(1);
  });
});

describe('provider_capabilities', () => {
  it('MAIN-builtin-tools: no provider is available; tools and limits on request', async () => {
    const plain = await call('provider_capabilities');
    expect(plain.structuredContent).toMatchObject({
      providers: [
        { name: 'KIMI', available: false, variables_set: [] },
        { name: 'GLM', available: false },
        { name: 'CUSTOM', available: false },
      ],
    });
    expect(plain.structuredContent?.['tools']).toHaveLength(6);
    expect(plain.structuredContent).not.toHaveProperty('limits');
    const more = await call('provider_capabilities', {
      include_tools: false,
      show_advanced: true,
      invalidate_cache: true,
    });
    expect(more.structuredContent).not.toHaveProperty('tools');
    expect(more.structuredContent?.['limits']).toEqual(status.providers);
  });
});
