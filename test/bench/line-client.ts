import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { LineCutter } from '../support/lines.ts';

export interface LineClientOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the line of one request, without its line end. */
export type LineOf = (id: number) => string;

export interface Exchange {
  /** Time from write to answer of every request, in the order of the answers. */
  readonly latenciesMs: readonly number[];
  readonly totalMs: number;
  readonly answered: number;
  /** How many answers were errors, by our code (`TOOL` for a result with `isError`). */
  readonly errors: ReadonlyMap<string, number>;
}

/** `count` requests or as many as fit into `durationMs`, `window` of them open at a time. */
export type Load = { readonly line: LineOf; readonly window: number } & (
  | { readonly count: number }
  | { readonly durationMs: number }
);

interface Running {
  readonly load: Load;
  readonly startedAt: number;
  readonly latenciesMs: number[];
  readonly errors: Map<string, number>;
  sent: number;
  finish(): void;
}

/** Reads no more of an answer than it must, so that the client is no part of what is measured. */
export class LineClient {
  readonly pid: number;
  readonly spawnedAtMs: number;
  readonly exited: Promise<number>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #cutter = new LineCutter();
  readonly #sentAt = new Map<number, number>();
  #running: Running | undefined;
  #onAnswer: ((line: Buffer) => void) | undefined;
  #nextId = 1;
  #stderr = '';

  constructor(options: LineClientOptions) {
    this.spawnedAtMs = performance.now();
    this.#child = spawn(options.command, options.args, { env: { ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.pid = this.#child.pid ?? 0;
    this.exited = once(this.#child, 'exit').then(() => performance.now());
    this.#child.stdout.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
    });
    this.#child.stdin.on('error', () => undefined); // shows as a missing answer
  }

  /** `initialize` and `tools/list`; resolves with the time from spawn to the list. */
  async start(): Promise<number> {
    const params = '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}';
    await this.ask((id) => `{"jsonrpc":"2.0","id":${id},"method":"initialize","params":${params}}`);
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    await this.ask((id) => `{"jsonrpc":"2.0","id":${id},"method":"tools/list","params":{}}`);
    return performance.now() - this.spawnedAtMs;
  }

  /** One request; resolves with the line of its answer. */
  async ask(line: LineOf): Promise<string> {
    const answer = new Promise<string>((resolve) => {
      this.#onAnswer = (bytes) => resolve(bytes.toString('utf8'));
    });
    this.#child.stdin.write(`${line(this.#nextId++)}\n`);
    const gone = this.exited.then((): never => {
      throw new Error(`process ${this.pid} ended without an answer\n${this.#stderr}`);
    });
    const text = await Promise.race([answer, gone]);
    this.#onAnswer = undefined;
    if (text.includes('"error":')) throw new Error(`an error for an answer: ${text.slice(0, 400)}`);
    return text;
  }

  /** Keeps the window full until the load is done. One at a time. */
  async exchange(load: Load): Promise<Exchange> {
    const errors = new Map<string, number>();
    const latenciesMs: number[] = [];
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      this.#running = { load, startedAt, latenciesMs, errors, sent: 0, finish: resolve };
      this.#fill();
    });
    this.#running = undefined;
    return { latenciesMs, totalMs: performance.now() - startedAt, answered: latenciesMs.length, errors };
  }

  /** Sends requests whose answers nobody waits for. */
  send(line: LineOf, count: number): void {
    for (let index = 0; index < count; index += 1) this.#child.stdin.write(`${line(this.#nextId++)}\n`);
  }

  closeInput(): void {
    this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Closes stdin and waits for the end; kills a server that stays. */
  async stop(): Promise<void> {
    this.closeInput();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
    await this.exited;
    clearTimeout(timer);
  }

  #onData(chunk: Buffer): void {
    const now = performance.now();
    for (const line of this.#cutter.push(chunk)) {
      const id = idOf(line);
      if (id === undefined) continue; // a notification
      if (this.#onAnswer !== undefined) this.#onAnswer(line);
      else this.#onExchanged(id, line, now);
    }
    if (this.#running !== undefined) this.#fill();
  }

  #onExchanged(id: number, line: Buffer, now: number): void {
    const running = this.#running;
    const sentAt = this.#sentAt.get(id);
    if (running === undefined || sentAt === undefined) return;
    this.#sentAt.delete(id);
    running.latenciesMs.push(now - sentAt);
    const code = errorOf(line);
    if (code !== undefined) running.errors.set(code, (running.errors.get(code) ?? 0) + 1);
  }

  /** Sends as many requests as the window has room for, in one write; ends the exchange when all are answered. */
  #fill(): void {
    const running = this.#running;
    if (running === undefined) return;
    const { load } = running;
    const isOver =
      'count' in load ? running.sent >= load.count : performance.now() - running.startedAt >= load.durationMs;
    if (isOver) {
      if (this.#sentAt.size === 0) running.finish();
      return;
    }
    const room = Math.min(load.window - this.#sentAt.size, 'count' in load ? load.count - running.sent : load.window);
    if (room <= 0) return;
    let text = '';
    const ids: number[] = [];
    for (let index = 0; index < room; index += 1) {
      const id = this.#nextId++;
      ids.push(id);
      text += `${load.line(id)}\n`;
    }
    running.sent += room;
    const now = performance.now();
    for (const id of ids) this.#sentAt.set(id, now);
    this.#child.stdin.write(text);
  }
}

/** Our requests have whole numbers as ids; they stand at the start of an answer or at its end. */
function idOf(line: Buffer): number | undefined {
  const pattern = /"id":(\d+)/;
  if (line.length <= 4096) return numberIn(pattern.exec(line.toString('latin1')));
  return (
    numberIn(pattern.exec(line.toString('latin1', 0, 64))) ??
    numberIn(pattern.exec(line.toString('latin1', line.length - 64)))
  );
}

function numberIn(found: RegExpExecArray | null): number | undefined {
  return found === null ? undefined : Number(found[1]);
}

function errorOf(line: Buffer): string | undefined {
  if (line.length > 4096) return undefined; // errors are short
  if (line.includes('"isError":true')) return 'TOOL';
  if (!line.includes('"error":')) return undefined;
  return /"code":"([A-Z_]+)"/.exec(line.toString('latin1'))?.[1] ?? 'UNKNOWN';
}

/** A call with a text of `bytes` ASCII characters as its only argument. */
export function callOf(tool: string, argument: string, bytes: number): LineOf {
  const tail = `,"method":"tools/call","params":{"name":"${tool}","arguments":{"${argument}":"${'x'.repeat(bytes)}"}}}`;
  return (id) => `{"jsonrpc":"2.0","id":${id}${tail}`;
}
