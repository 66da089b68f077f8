import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** What the page may load and talk to: itself. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The built interface as the window gets it. The list of files is made once; an address is looked up and never a path. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, string>;

  /** @throws Error when the folder or its index.html is missing */
  constructor(folder: string) {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    this.#files = new Map(
      entries.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [`/${relative(folder, path).split(sep).join('/')}`, path] as const;
      }),
    );
    if (!this.#files.has('/index.html')) throw new Error(`${folder} holds no index.html`);
  }

  answer(url: string): Response {
    const { pathname } = new URL(url);
    const name = pathname === '/' ? '/index.html' : pathname;
    const path = this.#files.get(name);
    const type = types[extname(name)];
    if (path === undefined || type === undefined) return new Response('Not found', { status: 404 });
    return new Response(readFileSync(path), {
      headers: {
        'content-type': type,
        'content-security-policy': pagePolicy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      },
    });
  }
}
