import type { LineStream } from './stdout-writer.ts';

export type PrintedStream = 'stdout' | 'stderr';
/** Takes text that somebody tried to print. */
export type PrintHandler = (stream: PrintedStream, text: string) => void;

/** The streams of `process` that can be printed to. */
export interface PrintTarget {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

/** The one way that still leads to stdout. */
export interface ClaimedStdout {
  readonly lines: LineStream;
  /** For its events; its `write` is guarded like everybody's. */
  readonly stream: NodeJS.WriteStream;
  /** Where printed text goes; what was printed before is handed over now. */
  onPrinted(handler: PrintHandler): void;
}

type WriteCallback = (error?: Error | null) => void;

const maxHeldTexts = 100;

/**
 * Takes stdout for the protocol alone (CLIENTS S2): from now on what any code prints, `console` included, reaches the
 * handler and no stream. stderr is guarded too, because editors show each of its lines as a warning (S9).
 */
export function claimStdout(target: PrintTarget): ClaimedStdout {
  const held: [PrintedStream, string][] = [];
  let handler: PrintHandler = (stream, text) => {
    if (held.length < maxHeldTexts) held.push([stream, text]);
  };
  const { stdout } = target;
  const write = stdout.write.bind(stdout);
  silence(stdout, (text) => handler('stdout', text));
  guardWhenUsed(target, (text) => handler('stderr', text));
  return {
    stream: stdout,
    lines: {
      write: (chunk, callback) => write(chunk, callback),
      cork: () => stdout.cork(),
      uncork: () => stdout.uncork(),
      get writableLength() {
        return stdout.writableLength;
      },
    },
    onPrinted: (next) => {
      handler = next;
      for (const [stream, text] of held.splice(0)) next(stream, text);
    },
  };
}

/** Making stderr costs time at start, and hardly any shim ever uses it: it is guarded when it is first asked for. */
function guardWhenUsed(target: PrintTarget, onText: (text: string) => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, 'stderr');
  let guarded: NodeJS.WriteStream | undefined;
  Object.defineProperty(target, 'stderr', {
    configurable: true,
    enumerable: true,
    get: () => {
      if (guarded !== undefined) return guarded;
      const value: unknown = descriptor?.get === undefined ? descriptor?.value : descriptor.get.call(target);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the property held before it was guarded
      guarded = value as NodeJS.WriteStream;
      silence(guarded, onText);
      return guarded;
    },
  });
}

function silence(stream: NodeJS.WriteStream, onText: (text: string) => void): void {
  const swallow = (chunk: unknown, encodingOrCallback?: unknown, callback?: unknown): boolean => {
    onText(textOf(chunk));
    const done = [encodingOrCallback, callback].find(isCallback);
    if (done !== undefined) process.nextTick(done);
    return true;
  };
  stream.write = swallow;
  stream.end = (chunk?: unknown) => {
    if (chunk !== undefined && !isCallback(chunk)) swallow(chunk);
    return stream;
  };
}

function textOf(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk;
  return chunk instanceof Uint8Array
    ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('utf8')
    : String(chunk);
}

function isCallback(value: unknown): value is WriteCallback {
  return typeof value === 'function';
}
