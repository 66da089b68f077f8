import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './atomic-file.ts';

const newline = 0x0a;

export interface RotatingFileOptions {
  readonly path: string;
  /** No file grows beyond this many bytes. */
  readonly maxBytes: number;
  /** Rotated files kept: `path.1` (newest) … `path.<files>`. */
  readonly files: number;
  /** Told the first error of each run of failures. Must not append to this file. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Appends whole lines to one file and rotates it by size (WIRE §8.2, §11). One writer per path.
 *
 * Synchronous, one write per call. The file (0600) and its directory (0700) are made at the first append. An error
 * drops the line; every later append tries again, so a disk that has room again is used at once.
 */
export class RotatingFile {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #files: number;
  readonly #onError: ((error: unknown) => void) | undefined;
  #fd: number | undefined;
  #sizeBytes = 0;
  #droppedLines = 0;
  #isFailing = false;
  #isClosed = false;

  constructor({ path, maxBytes, files, onError }: RotatingFileOptions) {
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#files = files;
    this.#onError = onError;
  }

  /** Lines lost to errors, to the size limit or to an append after `close`. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /**
   * Appends one line, or several that end in `\n`; a missing last `\n` is added. They are kept or dropped together.
   * @returns whether they were written. Never throws
   */
  append(line: string | Uint8Array): boolean {
    const bytes = toLineBytes(line);
    if (this.#isClosed) return this.#drop(bytes);
    try {
      if (bytes.length > this.#maxBytes) throw new RangeError(`a line of ${bytes.length} bytes is over the limit`);
      this.#write(bytes);
      this.#isFailing = false;
      return true;
    } catch (error) {
      this.#closeFile();
      this.#report(error);
      return this.#drop(bytes);
    }
  }

  /** Safe to call twice. Later appends are dropped. */
  close(): void {
    this.#isClosed = true;
    this.#closeFile();
  }

  #write(bytes: Uint8Array): void {
    let fd = this.#fd ?? this.#open();
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#maxBytes) {
      this.#closeFile();
      rotate(this.path, this.#files);
      fd = this.#open();
    }
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch (error) {
      // A full disk may take half a line; the newest line of the file must stay whole.
      if (written > 0) ftruncateSync(fd, this.#sizeBytes);
      throw error;
    }
    this.#sizeBytes += written;
  }

  #open(): number {
    const fd = openForAppend(this.path);
    this.#fd = fd;
    this.#sizeBytes = fstatSync(fd).size;
    if (this.#sizeBytes > 0 && !endsWithNewline(fd, this.#sizeBytes)) {
      // The last writer was killed in mid-line.
      this.#sizeBytes += writeSync(fd, '\n');
    }
    return fd;
  }

  #closeFile(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      closeSync(fd);
    } catch (error) {
      // Some file systems report a full disk only here.
      this.#report(error);
    }
  }

  #drop(bytes: Uint8Array): false {
    for (const byte of bytes) if (byte === newline) this.#droppedLines += 1;
    return false;
  }

  #report(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    try {
      this.#onError?.(error);
    } catch {
      // Logging never throws into its caller (WIRE §11), and there is nobody left to tell.
    }
  }
}

function toLineBytes(line: string | Uint8Array): Uint8Array {
  if (typeof line === 'string') return Buffer.from(line.endsWith('\n') ? line : `${line}\n`);
  return line.at(-1) === newline ? line : Buffer.concat([line, Buffer.from('\n')]);
}

function openForAppend(path: string): number {
  try {
    return openSync(path, 'a+', 0o600);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, 'a+', 0o600);
  }
}

function endsWithNewline(fd: number, sizeBytes: number): boolean {
  const last = Buffer.alloc(1);
  return readSync(fd, last, 0, 1, sizeBytes - 1) === 1 && last[0] === newline;
}

/**
 * `path` → `path.1` → … → `path.<files>`; the oldest is deleted. Moves only up to the first free number, so that a
 * rotation that failed half way and is tried again does not push good files out.
 */
function rotate(path: string, files: number): void {
  let free = 1;
  while (free < files && existsSync(`${path}.${free}`)) free += 1;
  const last = `${path}.${free}`;
  if (existsSync(last)) unlinkSync(last);
  for (let number = free; number > 1; number -= 1) renameSync(`${path}.${number - 1}`, `${path}.${number}`);
  renameSync(path, `${path}.1`);
}
