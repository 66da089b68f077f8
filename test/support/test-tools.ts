import { appendFileSync, existsSync } from 'node:fs';
import type { Tool, ToolContext, ToolResult } from '../../daemon/tools/tool.ts';

export interface TestToolsOptions {
  /** Gets a line per execution of `count` and `count_safe`, before anything else happens. */
  readonly countFile: string | undefined;
}

const readOnly = { readOnlyHint: true } as const;
const noSchema = { type: 'object' } as const;

/**
 * Tools whose behaviour a test can choose:
 *
 * | Tool | Arguments | Does |
 * |---|---|---|
 * | `echo`, `kimi_echo`, `glm_echo` | `text`, `ms` | answers with its text, after `ms` if given |
 * | `held` | `text`, `file` | answers with its text once that file is there |
 * | `chat` | `prompt`, `model`, `ms` | the same with its prompt; the provider follows from `model` |
 * | `sleep` | `ms`, `progress`, `ignoreAbort` | waits; reports `progress` times; may be deaf to its abort |
 * | `block` | `ms` | holds the event loop |
 * | `fail` | `how`: `throw`, `isError`, `status`; `status` | fails in one of the ways a tool can |
 * | `flood` | `bytes` | answers with that many characters |
 * | `stream` | `chunks` | sends that many chunks, then answers |
 * | `count` | `ms` | counts its executions (in the daemon and in the count file); **not** safe to repeat |
 * | `count_safe` | `ms` | the same, safe to repeat |
 * | `answer` | `result` | answers with exactly that result |
 * | `whoami` | | answers with the id of the session that called it |
 */
export function createTestTools(options: TestToolsOptions): readonly Tool[] {
  let executions = 0;
  const count = async (args: unknown, context: ToolContext): Promise<ToolResult> => {
    executions += 1;
    const mine = executions;
    if (options.countFile !== undefined) appendFileSync(options.countFile, `${context.sessionId} ${mine}\n`);
    await wait(numberOf(args, 'ms') ?? 0, context.signal);
    return text(String(mine));
  };
  return [
    tool('echo', readOnly, echo),
    tool('kimi_echo', readOnly, echo),
    tool('glm_echo', readOnly, echo),
    tool('held', readOnly, held),
    tool('chat', {}, async (args, { signal }) => {
      await wait(numberOf(args, 'ms') ?? 0, signal);
      return text(textOf(args, 'prompt') ?? '');
    }),
    tool('sleep', readOnly, sleep),
    tool('block', readOnly, (args) => {
      const end = performance.now() + (numberOf(args, 'ms') ?? 0);
      while (performance.now() < end); // the loop stands still: that is what it is for
      return text('blocked');
    }),
    tool('fail', {}, fail),
    tool('flood', readOnly, (args) => text('x'.repeat(numberOf(args, 'bytes') ?? 0))),
    tool('stream', readOnly, (args, context) => {
      const chunks = Array.from({ length: numberOf(args, 'chunks') ?? 3 }, (_, index) => `chunk ${index} `);
      for (const chunk of chunks) context.streamChunk(chunk);
      return text(chunks.join(''));
    }),
    tool('count', {}, count),
    tool('count_safe', { idempotentHint: true }, count),
    tool('answer', readOnly, (args) => valueOf(args, 'result') as ToolResult),
    tool('whoami', readOnly, (_args, { sessionId }) => text(sessionId)),
  ];
}

function tool(name: string, annotations: Tool['annotations'], call: Tool['call']): Tool {
  return { name, title: name, description: `Test tool ${name}`, inputSchema: noSchema, annotations, call };
}

function echo(args: unknown, { signal }: ToolContext): ToolResult | Promise<ToolResult> {
  const ms = numberOf(args, 'ms');
  const result = text(textOf(args, 'text') ?? '');
  return ms === undefined ? result : wait(ms, signal).then(() => result);
}

async function held(args: unknown, { signal }: ToolContext): Promise<ToolResult> {
  const file = textOf(args, 'file') ?? '';
  while (!existsSync(file)) await wait(20, signal);
  return text(textOf(args, 'text') ?? '');
}

async function sleep(args: unknown, context: ToolContext): Promise<ToolResult> {
  const ms = numberOf(args, 'ms') ?? 0;
  const steps = numberOf(args, 'progress') ?? 0;
  const heard = valueOf(args, 'ignoreAbort') === true ? new AbortController().signal : context.signal;
  for (let step = 1; step <= steps; step += 1) {
    await wait(ms / (steps + 1), heard);
    context.reportProgress({ progress: step, total: steps, message: `step ${step} of ${steps}` });
  }
  await wait(ms / (steps + 1), heard);
  return text(`slept ${ms} ms`);
}

function fail(args: unknown): ToolResult {
  const how = textOf(args, 'how') ?? 'throw';
  switch (how) {
    case 'isError':
      return { ...text('failed as asked'), isError: true };
    case 'status':
      return text(JSON.stringify({ status: textOf(args, 'status') ?? 'execution_error', message: 'failed as asked' }));
    default:
      throw new Error('failed as asked');
  }
}

/** Resolves after `ms`; rejects with the abort's reason. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function text(value: string): ToolResult {
  return { content: [{ type: 'text', text: value }] };
}

function valueOf(args: unknown, name: string): unknown {
  return typeof args === 'object' && args !== null && Object.hasOwn(args, name) ? Reflect.get(args, name) : undefined;
}

function numberOf(args: unknown, name: string): number | undefined {
  const value = valueOf(args, name);
  return typeof value === 'number' ? value : undefined;
}

function textOf(args: unknown, name: string): string | undefined {
  const value = valueOf(args, name);
  return typeof value === 'string' ? value : undefined;
}
