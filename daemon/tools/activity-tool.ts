import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { activityLogName } from '../observe/activity-log.ts';
import { linesFromEnd } from '../observe/log-tail.ts';
import { trafficLogName } from '../observe/traffic-log.ts';
import { createLineMatcher, FilterTooSlowError, type LineMatcher } from './line-matcher.ts';
import { logRecord } from './log-records.ts';
import { defineTool, failureResult, readOnly, type Tool, type ToolContext, type ToolResult } from './tool.ts';

export interface ActivityToolSources {
  readonly logDir: string;
  /** Writes log lines that still wait, so that the tail is up to date. */
  flushLogs(): void;
  /** Time for the filter, over all lines. */
  readonly filterBudgetMs?: number;
}

const time = z
  .string()
  .max(64)
  .refine((text) => epochSeconds(text) !== undefined, 'Expected an ISO 8601 date and time, or epoch seconds');

const input = z.object({
  lines: z
    .int()
    .min(10)
    .max(5000)
    .default(200)
    .describe('How many lines to return, counted from the newest that fits.'),
  filter: z
    .string()
    .max(512)
    .optional()
    .describe('Regular expression that a line must contain; case-sensitive unless it begins with (?i).'),
  source: z
    .enum(['auto', 'activity', 'server'])
    .default('auto')
    .describe(
      'activity: finished calls. server: windows that come and go. auto: activity, or server while no call has been made.',
    ),
  since: time.optional().describe('Only lines of this time or later: ISO 8601, or epoch seconds.'),
  until: time.optional().describe('Only lines of this time or earlier: ISO 8601, or epoch seconds.'),
  structured: z.boolean().default(false).describe('Also return the lines as objects.'),
});

type Arguments = z.output<typeof input>;

interface Found {
  /** In the order they were written. */
  readonly lines: readonly string[];
  /** The log is longer than what was searched. */
  readonly isCut: boolean;
}

export function activityTool(sources: ActivityToolSources): Tool {
  return defineTool({
    name: 'activity',
    title: 'Activity',
    description:
      'Shows the newest lines of the daemon’s log of calls (or of windows), filtered by text and time. No arguments or results of calls are in it.',
    input,
    annotations: readOnly,
    run: async (args, context) => {
      sources.flushLogs();
      const name = await logOf(args.source, sources.logDir);
      const filter = filterOf(args.filter, sources.filterBudgetMs ?? 2000, context);
      if (filter.type === 'invalid') return badFilter(filter.reason, 'Correct the regular expression.');
      try {
        const found = await search(join(sources.logDir, name), args, filter.matcher);
        return activityResult(name, found, args.structured);
      } catch (error) {
        if (error instanceof FilterTooSlowError)
          return badFilter(error.message, 'Use a simpler expression or a plain word.');
        throw error;
      } finally {
        await filter.matcher?.close();
      }
    },
  });
}

function filterOf(
  filter: string | undefined,
  budgetMs: number,
  { signal }: ToolContext,
): { readonly type: 'ok'; readonly matcher?: LineMatcher } | { readonly type: 'invalid'; readonly reason: string } {
  return filter === undefined || filter === '' ? { type: 'ok' } : createLineMatcher(filter, { budgetMs, signal });
}

async function logOf(source: Arguments['source'], logDir: string): Promise<string> {
  if (source === 'server') return trafficLogName;
  if (source === 'activity') return activityLogName;
  const hasCalls = await stat(join(logDir, activityLogName)).then(
    ({ size }) => size > 0,
    () => false, // nothing has been logged yet
  );
  return hasCalls ? activityLogName : trafficLogName;
}

async function search(path: string, args: Arguments, matcher: LineMatcher | undefined): Promise<Found> {
  const since = args.since === undefined ? undefined : epochSeconds(args.since);
  const until = args.until === undefined ? undefined : epochSeconds(args.until);
  const found: string[] = [];
  let isCut = false;
  for await (const batch of linesFromEnd(path)) {
    isCut ||= batch.isCut;
    const inTime = batch.lines.filter((line) => isBetween(line, since, until));
    const flags = await matcher?.match(inTime);
    found.push(...inTime.filter((_line, index) => flags?.[index] ?? true));
    if (found.length >= args.lines) break;
    if (since !== undefined && batch.lines.length > 0 && batch.lines.every((line) => (timeOf(line) ?? since) < since))
      break;
  }
  return { lines: found.slice(0, args.lines).toReversed(), isCut };
}

function activityResult(name: string, { lines, isCut }: Found, isStructured: boolean): ToolResult {
  const note = isCut ? [`(Older lines of ${name} were not searched.)`] : [];
  const text = lines.length === 0 ? [`No line of ${name} fits.`] : lines;
  return {
    content: [{ type: 'text', text: [...note, ...text].join('\n') }],
    ...(isStructured ? { structuredContent: { source: name, truncated: isCut, lines: lines.map(logRecord) } } : {}),
  };
}

function badFilter(reason: string, hint: string): ToolResult {
  return failureResult({
    code: 'VALIDATION_ERROR',
    message: `The filter cannot be used: ${reason.replace(/\.$/, '')}.`,
    hint,
    details: { issues: [{ field: 'filter', reason }] },
  });
}

/** A line that bears no time is never left out. */
function isBetween(line: string, since: number | undefined, until: number | undefined): boolean {
  if (since === undefined && until === undefined) return true;
  const at = timeOf(line);
  return at === undefined || ((since === undefined || at >= since) && (until === undefined || at <= until));
}

/** Our lines begin with their time; parsing them whole would cost a hundred times as much. */
function timeOf(line: string): number | undefined {
  const match = /^\{"t":(\d+(?:\.\d+)?)/.exec(line);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function epochSeconds(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d{9,}(?:\.\d+)?$/.test(trimmed)) return Number(trimmed);
  const ms = /^\d{4}-\d{2}-\d{2}/.test(trimmed) ? Date.parse(trimmed.replace(' ', 'T')) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
