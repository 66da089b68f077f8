import { join } from 'node:path';
import type { MaskText } from '../../platform/redaction.ts';
import { RotatingFile } from '../../platform/rotating-file.ts';
import { limits } from '../../protocol/limits.ts';

/** The log of each server, `upstream_<id>.log`: what it writes to stderr and what has happened to it. */
export class UpstreamLogs {
  readonly #dir: string;
  readonly #maskText: MaskText;
  readonly #files = new Map<string, RotatingFile>();

  constructor(dir: string, maskText: MaskText) {
    this.#dir = dir;
    this.#maskText = maskText;
  }

  write(upstreamId: string, level: 'info' | 'warn' | 'error', msg: string, fields: Record<string, unknown> = {}): void {
    const line = { t: new Date().toISOString(), level, msg, ...fields };
    this.#file(upstreamId).append(`${this.#maskText(JSON.stringify(line))}\n`);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }

  #file(upstreamId: string): RotatingFile {
    let file = this.#files.get(upstreamId);
    if (file === undefined) {
      file = new RotatingFile({
        path: join(this.#dir, `upstream_${logName(upstreamId)}.log`),
        maxBytes: limits.upstreamLogMaxBytes,
        files: limits.upstreamLogFiles,
      });
      this.#files.set(upstreamId, file);
    }
    return file;
  }
}

/** Blanks and dots of a name have no place in a file name of ours. */
function logName(upstreamId: string): string {
  return upstreamId.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}
