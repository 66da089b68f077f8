import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Arrivals, withDeadline } from './deadline.ts';
import { LineCutter } from './lines.ts';

export interface RawClientOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface RpcMessage {
  readonly jsonrpc?: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> };
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** On the clock of `performance.now()`. */
  readonly atMs: number;
}

export interface RequestOptions {
  readonly id?: string | number;
  readonly timeoutMs?: number;
  readonly meta?: Record<string, unknown>;
}

/**
 * An MCP client without a library: starts a stdio server and speaks newline JSON-RPC with it, so that a test sees the
 * very lines. Whoever starts one ends it: `stop` in order, `kill` like an editor that crashes.
 */
export class RawClient {
  readonly pid: number;
  /** On the clock of `performance.now()`, before the process was made. */
  readonly startedAtMs: number;
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines = new Arrivals<string>();
  readonly #messages = new Arrivals<RpcMessage>();
  readonly #notifications = new Arrivals<RpcMessage>();
  readonly #waiting = new Map<string | number, (message: RpcMessage) => void>();
  readonly #strayLines: string[] = [];
  #stderrText = '';
  #nextId = 1;
  #exit: ProcessExit | undefined;
  readonly #cutter = new LineCutter();

  constructor(options: RawClientOptions) {
    this.startedAtMs = performance.now();
    this.#child = spawn(options.command, options.args, {
      env: { ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.pid = this.#child.pid ?? 0;
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      // 'close', not 'exit': everything the process wrote has been read by then
      this.#child.once('exit', (code, signal) => {
        this.#exit = { code, signal, atMs: performance.now() };
      });
      this.#child.once('close', (code, signal) => resolve(this.#exit ?? { code, signal, atMs: performance.now() }));
    });
    this.exited.catch(() => undefined); // a command that cannot be started shows at the first request
    this.#child.stdout.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderrText += chunk.toString('utf8');
    });
    this.#child.stdin.on('error', () => undefined); // EPIPE of a server that has gone: `exited` says so
  }

  /** Every line of stdout so far, without its line end. */
  get lines(): readonly string[] {
    return this.#lines.all;
  }

  /** Lines of stdout that are no JSON-RPC message (PF-H1), and bytes behind the last line end. */
  get strayLines(): readonly string[] {
    const rest = this.#cutter.rest;
    return rest === '' ? this.#strayLines : [...this.#strayLines, rest];
  }

  get notifications(): readonly RpcMessage[] {
    return this.#notifications.all;
  }

  get stderrText(): string {
    return this.#stderrText;
  }

  get hasExited(): boolean {
    return this.#exit !== undefined;
  }

  /** Sends a request and resolves with its answer, result or error. Rejects when none comes in time. */
  request(method: string, params?: Record<string, unknown>, options: RequestOptions = {}): Promise<RpcMessage> {
    const id = options.id ?? this.#nextId++;
    const answer = this.answer(id, options.timeoutMs);
    const all = options.meta === undefined ? params : { ...params, _meta: options.meta };
    this.sendLine(JSON.stringify({ jsonrpc: '2.0', id, method, ...(all === undefined ? {} : { params: all }) }));
    return answer;
  }

  /** The answer of a request that was or will be sent as a raw line. One waits per id. */
  async answer(id: string | number, timeoutMs?: number): Promise<RpcMessage> {
    const found = new Promise<RpcMessage>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    const gone = this.exited.then((exit): never => {
      throw new Error(`the server ended (${exit.signal ?? exit.code}) before it answered ${id}\n${this.#stderrText}`);
    });
    try {
      return await withDeadline(`the answer of request ${id}`, Promise.race([found, gone]), timeoutMs, () =>
        this.describe(),
      );
    } finally {
      this.#waiting.delete(id);
    }
  }

  callTool(name: string, args: Record<string, unknown> = {}, options: RequestOptions = {}): Promise<RpcMessage> {
    return this.request('tools/call', { name, arguments: args }, options);
  }

  notify(method: string, params?: Record<string, unknown>): void {
    this.sendLine(JSON.stringify({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) }));
  }

  cancel(requestId: string | number): void {
    this.notify('notifications/cancelled', { requestId, reason: 'test' });
  }

  /** `initialize` and `notifications/initialized`, as a client named `clientName`. */
  async initialize(clientName = 'raw-client', timeoutMs?: number): Promise<RpcMessage> {
    const answer = await this.request(
      'initialize',
      { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: clientName, version: '1.0.0' } },
      timeoutMs === undefined ? {} : { timeoutMs },
    );
    this.notify('notifications/initialized');
    return answer;
  }

  /** One line; the line end is added. */
  sendLine(line: string | Uint8Array): void {
    this.#child.stdin.write(line);
    this.#child.stdin.write('\n');
  }

  /** Bytes exactly as they are. */
  sendBytes(bytes: string | Uint8Array): void {
    this.#child.stdin.write(bytes);
  }

  /** The first message that matches, one that has already come included. */
  message(what: string, matches: (message: RpcMessage) => boolean, timeoutMs?: number): Promise<RpcMessage> {
    return this.#messages.first(what, matches, timeoutMs, () => this.describe());
  }

  notification(method: string, timeoutMs?: number): Promise<RpcMessage> {
    return this.#notifications.first(
      `the notification ${method}`,
      (one) => one.method === method,
      timeoutMs,
      () => this.describe(),
    );
  }

  /** Next line nobody has taken yet. */
  nextLine(timeoutMs?: number): Promise<string> {
    return this.#lines.next('a line on stdout', timeoutMs, () => this.describe());
  }

  /** What an editor does that wants the server to end. */
  closeInput(): void {
    this.#child.stdin.end();
  }

  /** Closes our end of the server's stdout, like an editor that has gone. */
  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  /** Stops reading stdout; the pipe fills. */
  pauseReading(): void {
    this.#child.stdout.pause();
  }

  resumeReading(): void {
    this.#child.stdout.resume();
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Closes stdin and waits; SIGKILL when the server stays. */
  async stop(timeoutMs = 2_000): Promise<ProcessExit> {
    this.closeInput();
    try {
      return await withDeadline(`the end of process ${this.pid} after stdin was closed`, this.exited, timeoutMs, () =>
        this.describe(),
      );
    } catch (error) {
      this.kill('SIGKILL');
      await this.exited;
      throw error;
    }
  }

  /** The last lines and stderr, for messages of failed tests. */
  describe(): string {
    const lines = this.lines.slice(-5).map((line) => line.slice(0, 300));
    return `last lines of stdout:\n${lines.join('\n')}\nstderr:\n${this.#stderrText.slice(-2000)}`;
  }

  #onData(chunk: Buffer): void {
    for (const bytes of this.#cutter.push(chunk)) {
      const line = bytes.toString('utf8');
      this.#lines.push(line);
      const message = parseMessage(line);
      if (message === undefined) {
        this.#strayLines.push(line);
        continue;
      }
      this.#messages.push(message);
      if (message.method !== undefined && message.id === undefined) this.#notifications.push(message);
      if (message.method === undefined && message.id !== undefined && message.id !== null) {
        this.#waiting.get(message.id)?.(message);
      }
    }
  }
}

/** All text of a tool's result. */
export function textOf(message: RpcMessage): string {
  const content = message.result?.['content'];
  if (!Array.isArray(content)) throw new Error(`no tool result: ${JSON.stringify(message).slice(0, 500)}`);
  return content.map((block: { text?: unknown }) => (typeof block.text === 'string' ? block.text : '')).join('');
}

/** Our code in a JSON-RPC error (WIRE §6.1), or undefined for a result. */
export function codeOf(message: RpcMessage): string | undefined {
  const code = message.error?.data?.['code'];
  return typeof code === 'string' ? code : undefined;
}

function parseMessage(line: string): RpcMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('jsonrpc' in value)) return undefined;
    return value.jsonrpc === '2.0' ? (value as RpcMessage) : undefined;
  } catch {
    return undefined; // counted as a stray line
  }
}
