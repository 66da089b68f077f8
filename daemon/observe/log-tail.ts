import { type FileHandle, open } from 'node:fs/promises';

export interface LogTailOptions {
  /** Bytes looked at in all, rotated files included. */
  readonly maxBytes?: number;
  readonly chunkBytes?: number;
}

const newline = 0x0a;
const defaultMaxBytes = 16 * 1024 * 1024;

/**
 * The lines of a log from its end, newest first, going on in `path.1`, `path.2`, … Reads chunk by chunk, so that
 * memory and each turn of the loop stay small however large the log is. Empty lines are left out; a missing file has
 * no lines. The second value of each batch tells whether `maxBytes` ended the search.
 */
export async function* linesFromEnd(
  path: string,
  { maxBytes = defaultMaxBytes, chunkBytes = 64 * 1024 }: LogTailOptions = {},
): AsyncGenerator<{ readonly lines: readonly string[]; readonly isCut: boolean }> {
  // A rotation may rename a file while it is read; it is then met again under the next name.
  const seen = new Set<string>();
  let left = maxBytes;
  for (let number = 0; ; number += 1) {
    const file = await openIfThere(number === 0 ? path : `${path}.${number}`);
    if (file === undefined) {
      if (number === 0) continue; // between the two renames of a rotation, or nothing logged yet
      return;
    }
    try {
      const { ino, size } = await file.stat({ bigint: true });
      if (seen.has(String(ino))) continue;
      seen.add(String(ino));
      const from = Math.max(0, Number(size) - left);
      for await (const lines of linesOfRange(file, from, Number(size), chunkBytes)) yield { lines, isCut: false };
      left -= Number(size) - from;
      if (left <= 0) {
        yield { lines: [], isCut: true };
        return;
      }
    } finally {
      await file.close();
    }
  }
}

/** The last `count` lines of a log in the order they were written. */
export async function tailLines(path: string, count: number, options: LogTailOptions = {}): Promise<readonly string[]> {
  if (count <= 0) return [];
  const found: string[] = [];
  for await (const { lines } of linesFromEnd(path, options)) {
    found.push(...lines);
    if (found.length >= count) break;
  }
  return found.slice(0, count).toReversed();
}

/**
 * The lines of a part of a file, newest first. A line that `start` cuts is left out, unless it begins there by chance.
 * @param maxLineBytes of a longer line only the beginning is kept, with up to a chunk more
 */
export async function* linesOfRange(
  file: FileHandle,
  start: number,
  end: number,
  chunkBytes: number,
  maxLineBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<string[]> {
  /** What was read of a line whose beginning is further ahead, last piece first. */
  let pieces: Buffer[] = [];
  let at = end;
  while (at > start) {
    const length = Math.min(chunkBytes, at - start);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at - length);
    at -= length;
    const chunk = buffer.subarray(0, bytesRead);
    const lines: string[] = [];
    let lineEnd = chunk.length;
    for (let found = lastNewline(chunk, lineEnd); found !== -1; found = lastNewline(chunk, lineEnd)) {
      pieces.push(chunk.subarray(found + 1, lineEnd));
      addLine(lines, pieces);
      pieces = [];
      lineEnd = found;
    }
    pieces.push(chunk.subarray(0, lineEnd));
    dropEnd(pieces, maxLineBytes);
    if (lines.length > 0) yield lines;
  }
  if (start > 0) return;
  const first: string[] = [];
  addLine(first, pieces);
  if (first.length > 0) yield first;
}

/** Of the pieces of one line, last first, those that stand beyond its first `maxBytes` for sure. */
function dropEnd(pieces: Buffer[], maxBytes: number): void {
  let kept = pieces.reduce((sum, piece) => sum + piece.length, 0);
  for (let last = pieces[0]; last !== undefined && kept - last.length >= maxBytes; last = pieces[0]) {
    kept -= last.length;
    pieces.shift();
  }
}

function lastNewline(chunk: Buffer, end: number): number {
  return end === 0 ? -1 : chunk.lastIndexOf(newline, end - 1);
}

function addLine(lines: string[], pieces: readonly Buffer[]): void {
  const line = Buffer.concat(pieces.toReversed()).toString('utf8');
  if (line !== '') lines.push(line);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch {
    return undefined; // no such file, or none that may be read: it has no lines for us
  }
}
