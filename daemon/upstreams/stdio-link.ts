import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { isTreeAlive, killTree } from './kill-tree.ts';
import { LineReader } from './line-reader.ts';
import { markVariable, type ProcessLedger } from './process-ledger.ts';
import type { LinkEnd, LinkHandlers, UpstreamLink } from './upstream-link.ts';

export interface StdioLinkOptions {
  readonly upstreamId: string;
  /** Found already: an absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly maxMessageBytes: number;
  readonly ledger: ProcessLedger;
  /** Unique mark of this process and its children. */
  readonly mark: string;
  /** A line of stderr. */
  onStderr(line: string): void;
  /** A stage of the stop takes at most this long. */
  readonly stopStageMs: number;
}

const keptStderrLines = 20;
const maxStderrLineChars = 2_000;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

/** Starts the server. */
export function openStdioLink(options: StdioLinkOptions, handlers: LinkHandlers): StdioLink {
  return new StdioLink(options, handlers);
}

/**
 * A server as a child process with pipes. It leads a process group of its own, so that all it starts ends with it:
 * stdin closed, then SIGTERM, then SIGKILL, each to the whole group.
 */
class StdioLink implements UpstreamLink {
  readonly #options: StdioLinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #gone: Promise<void>;
  readonly #stderr: string[] = [];
  /** Written together at the end of a turn: one system call for many small requests. */
  #outgoing: Buffer[] = [];
  #isEnded = false;
  #exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: StdioLinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...options.env, [markVariable]: options.mark },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#child = child;
    if (child.pid !== undefined) options.ledger.add(child.pid, options.upstreamId, options.mark);
    const reader = new LineReader(options.maxMessageBytes, {
      onLine: (line) => handlers.onMessage(line),
      onOversized: (bytes, ends) => handlers.onOversized(bytes, idIn(ends)),
    });
    child.stdout.on('data', (chunk: Buffer) => reader.push(chunk));
    child.stdin.on('error', () => undefined); // EPIPE of a server that has gone: its exit says so
    child.stdout.on('error', () => undefined);
    this.#readStderr();
    this.#gone = new Promise((resolve) => {
      child.once('error', (error) => this.#ended(`it could not be run: ${error.message}`, resolve));
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        // What it started may hold the pipes for ever: a moment for its last words, then it is over.
        setTimeout(() => this.#ended(exitSentence(code, signal), resolve), lastWordsMs);
      });
      child.once('close', (code, signal) => this.#ended(exitSentence(code, signal), resolve));
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  get stderrTail(): readonly string[] {
    return [...this.#stderr];
  }

  send(message: readonly Buffer[]): void {
    if (this.#isEnded) return;
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    for (const part of message) this.#outgoing.push(onOneLine(part));
    this.#outgoing.push(lineEnd);
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined) return;
    const { stopStageMs } = this.#options;
    this.#flush();
    this.#child.stdin.end();
    if (!(await this.#goesWithin(stopStageMs, pid))) killTree(pid, 'SIGTERM');
    if (!(await this.#goesWithin(stopStageMs, pid))) killTree(pid, 'SIGKILL');
    await this.#gone;
  }

  /** The process, and whatever it has left in its group. */
  async #goesWithin(ms: number, pid: number): Promise<boolean> {
    const until = performance.now() + ms;
    while (this.#exit === undefined || isTreeAlive(pid)) {
      if (this.#isEnded && !isTreeAlive(pid)) return true;
      if (performance.now() >= until) return false;
      await new Promise((resolve) => setTimeout(resolve, stopLookMs));
    }
    return true;
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    if (outgoing.length === 0) return;
    this.#outgoing = [];
    if (this.#isEnded || this.#child.stdin.writableEnded) return;
    const bytes = outgoing.reduce((sum, part) => sum + part.length, 0);
    if (bytes <= copiedBytes) {
      this.#child.stdin.write(Buffer.concat(outgoing, bytes));
      return;
    }
    this.#child.stdin.cork();
    for (const part of outgoing) this.#child.stdin.write(part);
    this.#child.stdin.uncork();
  }

  #readStderr(): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const line = (text: string): void => {
      const shown = text.slice(0, maxStderrLineChars).trimEnd();
      if (shown === '') return;
      this.#stderr.push(shown);
      if (this.#stderr.length > keptStderrLines) this.#stderr.shift();
      this.#options.onStderr(shown);
    };
    this.#child.stderr.on('data', (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = (lines.pop() ?? '').slice(0, maxStderrLineChars);
      for (const text of lines) line(text);
    });
    this.#child.stderr.on('error', () => undefined);
    this.#child.stderr.once('close', () => line(rest));
  }

  #ended(message: string, gone: () => void): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { pid } = this.#child;
    if (pid !== undefined) {
      if (this.#closing === undefined) killTree(pid, 'SIGKILL'); // its children have lost their server
      this.#options.ledger.remove(pid);
    }
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    const end: LinkEnd = {
      message,
      exitCode: this.#exit?.code ?? null,
      signal: this.#exit?.signal ?? null,
      stderrTail: this.stderrTail,
    };
    gone();
    this.#handlers.onEnded(end);
  }
}

const lineEnd = Buffer.from('\n');
/** Up to here copying is cheaper than one write with many parts. */
const copiedBytes = 32 * 1024;
const lastWordsMs = 200;
const stopLookMs = 20;

/** Our ids are whole numbers, and stand at the beginning or the end of an answer. */
function idIn(ends: string): number | null {
  const [head = '', tail = ''] = ends.split('\n');
  const found =
    /^\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d+)/.exec(head) ?? /"id"\s*:\s*(\d+)\s*\}\s*$/.exec(tail);
  return found === null ? null : Number(found[1]);
}

/** Between the tokens of a JSON text a line break is a blank, and inside a string there is none. */
export function onOneLine(message: Buffer): Buffer {
  if (!message.includes(newline) && !message.includes(carriageReturn)) return message;
  const copy = Buffer.from(message);
  for (let at = 0; at < copy.length; at += 1) {
    if (copy[at] === newline || copy[at] === carriageReturn) copy[at] = space;
  }
  return copy;
}

function exitSentence(code: number | null, signal: string | null): string {
  return signal === null ? `it ended with exit code ${code ?? 'unknown'}.` : `it was ended by ${signal}.`;
}
