import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { claimStdout, type PrintTarget } from './stdout-guard.ts';
import { StdoutWriter } from './stdout-writer.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** Takes nothing until it is told to. */
class Pipe extends Writable {
  readonly writes: Buffer[][] = [];
  #waiting: (() => void) | undefined;
  isOpen = true;

  constructor() {
    super({ highWaterMark: 16 * 1024 });
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => chunk));
    if (this.isOpen) done();
    else this.#waiting = done;
  }

  open(): void {
    this.isOpen = true;
    this.#waiting?.();
  }

  get text(): string {
    return Buffer.concat(this.writes.flat()).toString('utf8');
  }
}

function writerOf(pipe: Pipe, fullAtBytes = 1_000): { writer: StdoutWriter; full: () => number } {
  let full = 0;
  const writer = new StdoutWriter({ stream: pipe, fullAtBytes, onFull: () => (full += 1) });
  return { writer, full: () => full };
}

describe('StdoutWriter', () => {
  it('SHIM-S2: lines of one tick leave in one system call, short and long ones', async () => {
    const pipe = new Pipe();
    const { writer } = writerOf(pipe, 1_000_000);
    const long = 'x'.repeat(40_000);
    for (const text of ['a', long, 'b']) writer.writeLine(Buffer.from(text));
    expect(pipe.writes).toEqual([]);
    await tick();
    expect(pipe.writes).toHaveLength(1);
    expect(pipe.text).toBe(`a\n${long}\nb\n`);
  });

  it('PF-H1: line ends inside a message become spaces, so that a message stays a line', async () => {
    const pipe = new Pipe();
    const { writer } = writerOf(pipe);
    const message = Buffer.from('{\r\n"a":\n1}');
    writer.writeLine(message);
    await tick();
    expect(pipe.text).toBe('{  "a": 1}\n');
    expect(message.toString()).toBe('{\r\n"a":\n1}');
  });

  it('WIRE-M2: an answer counts as written when the system has it, and not before', async () => {
    const pipe = new Pipe();
    pipe.isOpen = false;
    const { writer } = writerOf(pipe);
    const written: string[] = [];
    writer.writeLine(Buffer.from('a'), () => written.push('a'));
    writer.writeLine(Buffer.alloc(20_000, 'b'), () => written.push('b'));
    await tick();
    expect(written).toEqual([]);
    pipe.open();
    await tick();
    expect(written).toEqual(['a', 'b']);
  });

  it('WIRE-M2: an answer to a reader that has gone never counts as written', async () => {
    const pipe = new Pipe();
    pipe.on('error', () => undefined);
    const { writer } = writerOf(pipe);
    let written = 0;
    pipe.destroy(new Error('EPIPE'));
    writer.writeLine(Buffer.from('a'), () => (written += 1));
    await tick();
    expect(written).toBe(0);
  });

  it('BAD-never-reads: a reader that stops is noticed by what waits for it', async () => {
    const pipe = new Pipe();
    pipe.isOpen = false;
    const { writer, full } = writerOf(pipe);
    writer.writeLine(Buffer.alloc(900));
    expect([writer.isFull, full()]).toEqual([false, 0]);
    writer.writeLine(Buffer.alloc(900));
    expect([writer.isFull, full(), writer.pendingBytes]).toEqual([true, 1, 1_802]);
    pipe.open();
    await tick();
    expect([writer.isFull, writer.pendingBytes]).toEqual([false, 0]);
  });
});

describe('claimStdout', () => {
  function claim(): {
    target: PrintTarget;
    stdout: PassThrough;
    stderr: PassThrough;
    printed: string[];
    claimed: ReturnType<typeof claimStdout>;
    stderrMade: () => number;
  } {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    let made = 0;
    const target = {
      stdout,
      get stderr() {
        made += 1;
        return stderr;
      },
    } as unknown as PrintTarget;
    const claimed = claimStdout(target);
    return { target, stdout, stderr, printed: [], claimed, stderrMade: () => made };
  }

  it('SHIM-S2 PF-H1: what anybody prints goes to the handler, from the first byte on; only the writer reaches stdout', async () => {
    const { target, stdout, claimed, printed } = claim();
    target.stdout.write('early');
    claimed.onPrinted((stream, text) => printed.push(`${stream} ${text}`));
    target.stdout.write('late');
    target.stdout.write(Buffer.from('bytes'));
    await new Promise<void>((resolve) => target.stdout.write('with callback', () => resolve()));
    await new Promise<void>((resolve) => target.stdout.write('with both', 'utf8', () => resolve()));
    target.stdout.end('at the end');
    claimed.lines.write(Buffer.from('{"jsonrpc":"2.0"}\n'));
    await tick();
    expect(stdout.read()?.toString()).toBe('{"jsonrpc":"2.0"}\n');
    expect(printed).toEqual(
      ['early', 'late', 'bytes', 'with callback', 'with both', 'at the end'].map((text) => `stdout ${text}`),
    );
  });

  it('SHIM-S9: stderr is made only when somebody uses it, and is guarded then', async () => {
    const { target, stderr, claimed, printed, stderrMade } = claim();
    claimed.onPrinted((stream, text) => printed.push(`${stream} ${text}`));
    expect(stderrMade()).toBe(0);
    target.stderr.write('a warning');
    target.stderr.write('another');
    await tick();
    expect(stderr.read()).toBeNull();
    expect(printed).toEqual(['stderr a warning', 'stderr another']);
    expect(stderrMade()).toBe(1);
  });
});
