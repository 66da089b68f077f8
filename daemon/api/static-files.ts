import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** What is served, by ending; a file of another kind is not. */
const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const alreadyPacked: ReadonlySet<string> = new Set(['.png', '.woff2']);
/** `name-<hash>.ext`, as vite writes it: such a name never stands for other bytes. */
const hashedName = /-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/;

const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

interface StaticFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** Absent where it would not be smaller. */
  readonly packed?: Buffer;
  readonly caching: string;
}

const pack = promisify(gzip);

/**
 * The built interface: `index.html` at `/` and every other file at its path. The folder is read once, at the first
 * request, into a map by exact path. A request only ever looks a text up in it, so no path leads out of the folder.
 */
export class StaticFiles {
  readonly #folder: string | undefined;
  #files: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  /** @param folder of the built interface; without one there are no files */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** Answers with the file at this path, exactly as it was sent. False: there is none, nothing was answered. */
  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> {
    const file = (await this.#load()).get(path);
    if (file === undefined) return false;
    const isPacked = file.packed !== undefined && acceptsGzip(request.headers['accept-encoding']);
    const body = isPacked ? file.packed : file.bytes;
    response.writeHead(200, {
      ...pageHeaders,
      'Content-Type': file.type,
      'Content-Length': body.length,
      'Cache-Control': file.caching,
      Vary: 'Accept-Encoding',
      ...(isPacked ? { 'Content-Encoding': 'gzip' } : {}),
    });
    response.end(body);
    return true;
  }

  #load(): Promise<ReadonlyMap<string, StaticFile>> {
    const loading = this.#files ?? readFiles(this.#folder);
    this.#files = loading;
    // Without a page there is nothing to keep: the interface may be built while the daemon runs.
    const forget = (): void => {
      if (this.#files === loading) this.#files = undefined;
    };
    loading.then((files) => {
      if (!files.has('/')) forget();
    }, forget);
    return loading;
  }
}

async function readFiles(folder: string | undefined): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  if (folder === undefined) return files;
  const index = await readStatic(join(folder, 'index.html'), 'no-store');
  if (index === undefined) return files;
  files.set('/', index);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Links are left out with everything else that is no plain file.
    if (!entry.isFile() || extname(path) === '.html') continue;
    const caching = hashedName.test(entry.name) ? 'public, max-age=31536000, immutable' : 'no-cache';
    const file = await readStatic(path, caching);
    if (file !== undefined) files.set(path.slice(folder.length).replaceAll('\\', '/'), file);
  }
  return files;
}

async function readStatic(path: string, caching: string): Promise<StaticFile | undefined> {
  const ending = extname(path);
  const type = contentTypes[ending];
  if (type === undefined) return undefined;
  try {
    const bytes = await readFile(path);
    const packed = alreadyPacked.has(ending) ? bytes : await pack(bytes, { level: 9 });
    return { type, bytes, caching, ...(packed.length < bytes.length ? { packed } : {}) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((entry) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/i.test(entry));
}
