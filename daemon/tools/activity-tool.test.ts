import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { activityTool } from './activity-tool.ts';
import { resultErrorCode, type ToolResult } from './tool.ts';

/** 2026-09-21T14:13:20Z */
const start = 1_790_000_000;

let logDir: string;
let flushes: number;

beforeEach(() => {
  logDir = mkdtempSync(join(tmpdir(), 'exai-activity-'));
  flushes = 0;
});

afterEach(() => {
  rmSync(logDir, { recursive: true, force: true });
});

function line(index: number): string {
  return `{"t":${start + index},"msg":"call finished","tool":"${index % 2 === 0 ? 'version' : 'status'}","callId":"c_${index}"}\n`;
}

function writeCalls(count: number, name = 'mcp_activity.log', from = 0): void {
  writeFileSync(join(logDir, name), Array.from({ length: count }, (_, index) => line(from + index)).join(''));
}

async function activity(
  args: Record<string, unknown> = {},
  signal = new AbortController().signal,
): Promise<ToolResult> {
  const tool = activityTool({
    logDir,
    flushLogs: () => {
      flushes += 1;
    },
    filterBudgetMs: 300,
  });
  return await tool.call(args, {
    signal,
    sessionId: 's',
    sessionKey: 'k1',
    reportProgress: () => undefined,
    streamChunk: () => undefined,
  });
}

async function ids(args: Record<string, unknown>): Promise<string[]> {
  const result = await activity(args);
  return Array.from(String(result.content[0]?.['text']).matchAll(/"callId":"(c_\d+)"/g), (match) => match[1] ?? '');
}

describe('activity', () => {
  it('MAIN-builtin-tools: the newest lines in the order they were written, across rotated files', async () => {
    writeCalls(150, 'mcp_activity.log.1');
    writeCalls(150, 'mcp_activity.log', 150);
    const newest = await ids({});
    expect(newest).toHaveLength(200);
    expect([newest[0], newest.at(-1)]).toEqual(['c_100', 'c_299']);
    expect(await ids({ lines: 10 })).toEqual(Array.from({ length: 10 }, (_, index) => `c_${290 + index}`));
    expect(flushes).toBe(2);
  });

  it('MAIN-builtin-tools: auto shows windows while no call was made, and calls from then on', async () => {
    writeFileSync(join(logDir, 'mcp_server.log'), '{"t":1,"msg":"session connected"}\n');
    expect((await activity()).content[0]?.['text']).toBe('{"t":1,"msg":"session connected"}');
    writeCalls(1);
    expect(await ids({})).toEqual(['c_0']);
    expect((await activity({ source: 'server' })).content[0]?.['text']).toContain('session connected');
  });

  it('MAIN-builtin-tools: no log, and nothing that fits, is said', async () => {
    expect((await activity({ source: 'activity' })).content[0]?.['text']).toBe('No line of mcp_activity.log fits.');
    writeCalls(5);
    expect((await activity({ filter: 'nothing like this' })).content[0]?.['text']).toBe(
      'No line of mcp_activity.log fits.',
    );
  });

  it('MAIN-builtin-tools: a filter counts only what it lets through', async () => {
    writeCalls(100);
    expect(await ids({ filter: '"tool":"status"', lines: 10 })).toEqual(
      Array.from({ length: 10 }, (_, index) => `c_${81 + 2 * index}`),
    );
    expect(await ids({ filter: 'c_(3|4)"' })).toEqual(['c_3', 'c_4']);
    expect(await ids({ filter: '' })).toHaveLength(100);
  });

  it('MAIN-builtin-tools: times as ISO 8601 or epoch seconds, both ends included', async () => {
    writeCalls(60);
    expect(await ids({ since: '2026-09-21T14:13:25Z', until: String(start + 7) })).toEqual(['c_5', 'c_6', 'c_7']);
    expect(await ids({ since: '2026-09-21 16:13:58+02:00' })).toEqual([
      'c_38',
      ...Array.from({ length: 21 }, (_, index) => `c_${39 + index}`),
    ]);
    expect(await ids({ until: `${start - 1}` })).toEqual([]);
    expect(resultErrorCode(await activity({ since: 'yesterday' }))).toBe('VALIDATION_ERROR');
    expect(resultErrorCode(await activity({ since: '2026-99-99' }))).toBe('VALIDATION_ERROR');
  });

  it('MAIN-builtin-tools: structured adds the lines as objects', async () => {
    writeFileSync(join(logDir, 'mcp_activity.log'), '{"t":1,"tool":"a"}\nhalf a li\n');
    expect((await activity({ structured: true })).structuredContent).toEqual({
      source: 'mcp_activity.log',
      truncated: false,
      lines: [{ t: 1, tool: 'a' }, { line: 'half a li' }],
    });
    expect((await activity()).structuredContent).toBeUndefined();
  });

  it('PF-P8: an expression that would never end is a clear failure in bounded time', async () => {
    writeFileSync(join(logDir, 'mcp_activity.log'), `${'a'.repeat(60)}!\n`);
    const result = await activity({ filter: '^(a+)+$' });
    expect(resultErrorCode(result)).toBe('VALIDATION_ERROR');
    expect(result.content[0]?.['text']).toBe(
      'The filter cannot be used: The filter took longer than 300 ms. Use a simpler expression or a plain word.',
    );
  });

  it('MAIN-builtin-tools: a broken expression says what is wrong with it', async () => {
    const result = await activity({ filter: '[' });
    expect(resultErrorCode(result)).toBe('VALIDATION_ERROR');
    expect(result.content[0]?.['text']).toMatch(
      /^The filter cannot be used: .*Unterminated.*\. Correct the regular expression\.$/,
    );
  });

  it('PF-P8: a log of 40 MB is searched from its end, only so far, and says so', async () => {
    const longLine = `{"t":${start},"msg":"${'x'.repeat(1000)}"}\n`;
    writeFileSync(join(logDir, 'mcp_activity.log'), `needle\n${longLine.repeat(40_000)}`);
    expect((await activity({ filter: 'needle' })).content[0]?.['text']).toBe(
      '(Older lines of mcp_activity.log were not searched.)\nNo line of mcp_activity.log fits.',
    );
  });
});
