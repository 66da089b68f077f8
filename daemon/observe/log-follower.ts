import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { maxLogLineBytes } from './log-line.ts';
import { linesOfRange } from './log-tail.ts';

export interface NewLines {
  /** In the order they were written, each at most {@link maxLogLineBytes}. */
  readonly lines: readonly string[];
  /** Lines that came before them and were left out, because the reader was too slow. */
  readonly left: number;
  /** There is more to read now. */
  readonly hasMore: boolean;
}

export interface LogFollowerLimits {
  readonly chunkBytes: number;
  /** Read at most in one go. */
  readonly batchBytes: number;
  /** A reader that is further behind skips to the last `keptBytes`. */
  readonly backlogBytes: number;
  readonly keptBytes: number;
  /** Looked at for a tail, rotated files included. */
  readonly tailBytes: number;
}

const defaultLimits: LogFollowerLimits = {
  chunkBytes: 64 * 1024,
  batchBytes: 256 * 1024,
  backlogBytes: 1024 * 1024,
  keptBytes: 256 * 1024,
  tailBytes: 8 * 1024 * 1024,
};

interface OpenLog {
  readonly file: FileHandle;
  /** The inode cannot be given to another file while we hold this one open. */
  readonly inode: bigint;
}

/**
 * One log from its last lines on, over rotations (`path` → `path.1` → …), nothing lost and nothing twice: what is in the
 * tail ends exactly where reading on begins. It reads from the file when asked, so that a slow reader costs no memory; one
 * that is too far behind is told how many lines it misses. Not for two callers at once. Whoever opens it closes it.
 */
export class LogFollower {
  readonly #path: string;
  readonly #limits: LogFollowerLimits;
  #log: OpenLog;
  /** Where reading on begins. */
  #position: number;
  /** The line that has begun, cut at its limit. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  /** Lines that end up to here are left out. */
  #skipTo = 0;
  /** The writer has gone on to another file, so that this one does not grow any more. */
  #isLeft = false;

  private constructor(path: string, log: OpenLog, position: number, limits: LogFollowerLimits) {
    this.#path = path;
    this.#log = log;
    this.#position = position;
    this.#limits = limits;
  }

  /** Undefined when there is no such file, or it is a link. */
  static async open(path: string, limits: Partial<LogFollowerLimits> = {}): Promise<LogFollower | undefined> {
    const all = { ...defaultLimits, ...limits };
    const log = await openLog(path);
    if (log === undefined) return undefined;
    try {
      return new LogFollower(path, log, await endOfLastLine(log.file, all.chunkBytes), all);
    } catch (error) {
      await log.file.close();
      throw error;
    }
  }

  /** The last lines that `isWanted`, at most `count`, in the order they were written. Before the first {@link read}. */
  async tail(count: number, isWanted: (line: string) => boolean): Promise<string[]> {
    const found: string[] = [];
    let left = this.#limits.tailBytes;
    const collect = async (file: FileHandle, end: number): Promise<void> => {
      const start = Math.max(0, end - left);
      left -= end - start;
      for await (const lines of linesOfRange(file, start, end, this.#limits.chunkBytes, maxLogLineBytes)) {
        found.push(...lines.map(cutLine).filter(isWanted));
        if (found.length >= count) return;
      }
    };
    await collect(this.#log.file, this.#position);
    for await (const { file } of this.#older()) {
      if (found.length >= count || left <= 0) break;
      await collect(file, (await file.stat()).size);
    }
    return found.slice(0, count).toReversed();
  }

  /** What was added since; nothing is a usual answer. */
  async read(): Promise<NewLines> {
    const { chunkBytes, batchBytes, backlogBytes, keptBytes } = this.#limits;
    const lines: string[] = [];
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let left = 0;
    for (let read = 0; read < batchBytes; ) {
      const { size } = await this.#log.file.stat();
      if (size < this.#position) this.#startAt(0); // somebody has emptied it
      if (size - this.#position > backlogBytes) this.#skipTo = size - keptBytes;
      const { bytesRead } = await this.#log.file.read(buffer, 0, chunkBytes, this.#position);
      if (bytesRead > 0) {
        left += this.#take(buffer.subarray(0, bytesRead), lines);
        if (this.#position > this.#skipTo) read += bytesRead;
        continue;
      }
      const next = await this.#advance(lines);
      if (next === 'none') return { lines, left, hasMore: false };
      if (next === 'lost') left += 1; // at least
    }
    return { lines, left, hasMore: true };
  }

  close(): Promise<void> {
    return this.#log.file.close();
  }

  /** @returns how many lines were left out */
  #take(chunk: Buffer, lines: string[]): number {
    let left = 0;
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      this.#begin(chunk.subarray(from, end));
      if (this.#position + end + 1 <= this.#skipTo) left += 1;
      else this.#finishLine(lines);
      this.#begun = [];
      this.#begunBytes = 0;
      from = end + 1;
    }
    this.#begin(chunk.subarray(from));
    this.#position += chunk.length;
    return left;
  }

  /** Copies, for the buffer is used again. */
  #begin(piece: Buffer): void {
    const wanted = piece.subarray(0, Math.max(0, maxLogLineBytes - this.#begunBytes));
    if (wanted.length === 0) return;
    this.#begun.push(Buffer.from(wanted));
    this.#begunBytes += wanted.length;
  }

  #finishLine(lines: string[]): void {
    if (this.#begunBytes > 0) lines.push(Buffer.concat(this.#begun).toString('utf8'));
  }

  #startAt(position: number): void {
    this.#position = position;
    this.#begun = [];
    this.#begunBytes = 0;
    this.#skipTo = 0;
  }

  /**
   * At the end of the open file: goes on to the one that was written after it.
   * `again`: there may be more now. `lost`: the same, but files in between are gone. `none`: nothing for now.
   */
  async #advance(lines: string[]): Promise<'again' | 'lost' | 'none'> {
    if (!this.#isLeft) {
      const inode = await inodeOf(this.#path);
      // Absent for the moment between the two renames of a rotation.
      if (inode === undefined || inode === this.#log.inode) return 'none';
      // The writer closes before it renames: what it wrote up to then can be read now, and no more will come.
      this.#isLeft = true;
      return 'again';
    }
    const number = await this.#numberOfOpen();
    const next = await openLog(number === undefined || number === 1 ? this.#path : `${this.#path}.${number - 1}`);
    if (next === undefined) return 'none';
    // Another rotation in between has moved everything on: what was opened may not be the next one.
    if (next.inode === this.#log.inode || (await this.#numberOfOpen()) !== number) {
      await next.file.close();
      return 'none';
    }
    this.#finishLine(lines); // of a writer that was killed in mid-line
    await this.#log.file.close();
    this.#log = next;
    this.#isLeft = false;
    this.#startAt(0);
    return number === undefined ? 'lost' : 'again';
  }

  /** `n` where the open file is `path.n` by now; undefined when it was deleted. */
  async #numberOfOpen(): Promise<number | undefined> {
    for (let number = 1; ; number += 1) {
      const inode = await inodeOf(`${this.#path}.${number}`);
      if (inode === undefined) return undefined;
      if (inode === this.#log.inode) return number;
    }
  }

  /** The files written before the open one, newest first; each is open until the next is asked for. */
  async *#older(): AsyncGenerator<OpenLog> {
    // After a rotation the open file is one of the numbered ones, and those before it are newer.
    let isOlder = (await inodeOf(this.#path)) === this.#log.inode;
    for (let number = 1; ; number += 1) {
      const log = await openLog(`${this.#path}.${number}`);
      if (log === undefined) return;
      try {
        if (log.inode === this.#log.inode) isOlder = true;
        else if (isOlder) yield log;
      } finally {
        await log.file.close();
      }
    }
  }
}

function cutLine(line: string): string {
  return Buffer.byteLength(line) <= maxLogLineBytes
    ? line
    : Buffer.from(line).subarray(0, maxLogLineBytes).toString('utf8');
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    return undefined; // not there
  }
}

async function openLog(path: string): Promise<OpenLog | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ELOOP') return undefined;
    throw error;
  }
  return { file, inode: (await file.stat({ bigint: true })).ino };
}

/** Behind the last line end: a line that is being written belongs to what follows. */
async function endOfLastLine(file: FileHandle, chunkBytes: number): Promise<number> {
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let end = size; end > 0; ) {
    const length = Math.min(chunkBytes, end);
    const { bytesRead } = await file.read(buffer, 0, length, end - length);
    const found = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (found !== -1) return end - length + found + 1;
    end -= length;
  }
  return 0;
}
