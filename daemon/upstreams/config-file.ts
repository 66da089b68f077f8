import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { RefSources } from './config-references.ts';
import { type ReadConfig, readMcpJson } from './mcp-json.ts';

export interface ConfigFileOptions {
  readonly path: string;
  readonly refs: () => RefSources;
  /** Told what the file says, at the start and after every change. */
  onRead(config: ReadConfig): void;
  readonly intervalMs?: number;
}

/**
 * The file that names the servers, and the watch over it. Polled: it may lie on any file system, be replaced by a
 * rename, or not be there yet. A file that is being broken right now changes nothing.
 */
export class ConfigFile {
  readonly #options: ConfigFileOptions;
  #text: string | null = null;

  constructor(options: ConfigFileOptions) {
    this.#options = options;
  }

  start(): void {
    this.reload();
    watchFile(this.#options.path, { interval: this.#options.intervalMs ?? 1_000, persistent: false }, this.#onChanged);
  }

  stop(): void {
    unwatchFile(this.#options.path, this.#onChanged);
  }

  /** Reads it now. Does nothing when its text is what it was. */
  reload(): void {
    const text = readText(this.#options.path);
    if (text === this.#text) return;
    const isFirst = this.#text === null;
    this.#text = text;
    const config = readMcpJson(text, this.#options.refs());
    const isWholeFileBroken = config.problems.some(
      ({ upstreamId, place }) => upstreamId === null && place === 'mcp.json',
    );
    this.#options.onRead(isWholeFileBroken && !isFirst ? { ...config, upstreams: this.#last } : config);
    if (!isWholeFileBroken) this.#last = config.upstreams;
  }

  #last: ReadConfig['upstreams'] = [];
  readonly #onChanged = (): void => this.reload();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '{}'; // no file: no servers
  }
}
