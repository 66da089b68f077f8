import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';

/** Says which lines a filter lets through. */
export interface LineMatcher {
  /** @throws FilterTooSlowError, or the reason of the signal it was made with */
  match(lines: readonly string[]): Promise<readonly boolean[]>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

export class FilterTooSlowError extends Error {
  constructor(budgetMs: number) {
    super(`The filter took longer than ${budgetMs} ms.`);
    this.name = 'FilterTooSlowError';
  }
}

export interface LineMatcherOptions {
  /** Time for all lines together. */
  readonly budgetMs: number;
  readonly signal: AbortSignal;
}

export type LineMatcherResult =
  | { readonly type: 'ok'; readonly matcher: LineMatcher }
  | { readonly type: 'invalid'; readonly reason: string };

/**
 * A filter that is a plain word is searched for; a regular expression runs in a thread of its own. Backtracking may
 * take for ever there without anybody noticing, and the thread is ended when the time is over. JavaScript's syntax;
 * Python's leading `(?i)`, `(?s)`, `(?m)` work too.
 */
export function createLineMatcher(filter: string, options: LineMatcherOptions): LineMatcherResult {
  if (!/[\\^$.*+?()[\]{}|]/.test(filter)) return { type: 'ok', matcher: wordMatcher(filter) };
  const inline = /^\(\?([ims]+)\)/.exec(filter);
  const flags = [...new Set(inline?.[1] ?? '')].join('');
  const source = filter.slice(inline?.[0].length ?? 0);
  try {
    RegExp(source, flags);
  } catch (error) {
    return { type: 'invalid', reason: error instanceof Error ? error.message : String(error) };
  }
  return { type: 'ok', matcher: new ThreadMatcher(source, flags, options) };
}

function wordMatcher(word: string): LineMatcher {
  return {
    match: (lines) => Promise.resolve(lines.map((line) => line.includes(word))),
    close: () => Promise.resolve(),
  };
}

/** Runs as a script of its own, so that a bundle needs no second file. */
const threadSource = `
const { parentPort, workerData } = require('node:worker_threads');
const pattern = new RegExp(workerData.source, workerData.flags);
parentPort.on('message', (lines) => parentPort.postMessage(lines.map((line) => pattern.test(line))));
`;

class ThreadMatcher implements LineMatcher {
  readonly #worker: Worker;
  readonly #options: LineMatcherOptions;
  #leftMs: number;

  constructor(source: string, flags: string, options: LineMatcherOptions) {
    this.#options = options;
    this.#leftMs = options.budgetMs;
    this.#worker = new Worker(threadSource, {
      eval: true,
      env: {},
      execArgv: [],
      stdin: false,
      workerData: { source, flags },
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    // Without this a thread that fails between two questions would end the process.
    this.#worker.on('error', () => undefined);
    this.#worker.unref();
  }

  async match(lines: readonly string[]): Promise<readonly boolean[]> {
    const { budgetMs, signal } = this.#options;
    signal.throwIfAborted();
    const tooSlow = AbortSignal.timeout(Math.max(1, Math.ceil(this.#leftMs)));
    const startedAt = performance.now();
    try {
      const answer = once(this.#worker, 'message', { signal: AbortSignal.any([signal, tooSlow]) });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
      this.#worker.postMessage(lines);
      const [flags]: unknown[] = await answer;
      this.#leftMs -= performance.now() - startedAt;
      return Array.isArray(flags) ? flags.map(Boolean) : lines.map(() => false);
    } catch (error) {
      signal.throwIfAborted();
      if (tooSlow.aborted) throw new FilterTooSlowError(budgetMs);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
