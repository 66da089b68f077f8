import { readFileSync } from 'node:fs';
import { writePrivateFile } from '../../platform/private-file.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { RefSources } from './config-references.ts';
import { readMcpJson } from './mcp-json.ts';
import type { UpstreamEntry } from './upstream-entry.ts';
import type { Upstreams } from './upstreams.ts';

export interface UpstreamControlOptions {
  /** Of `mcp.json`. */
  readonly path: string;
  readonly upstreams: Upstreams;
  readonly refs: () => RefSources;
  /** Reads the file now. */
  reload(): void;
}

const roots = ['mcpServers', 'servers'] as const;

/** What an admin does with servers. All throw a `FailureError`: NOT_FOUND, or VALIDATION_ERROR with the place. */
export class UpstreamControl {
  readonly #options: UpstreamControlOptions;

  constructor(options: UpstreamControlOptions) {
    this.#options = options;
  }

  /** Writes the entry, where an older one of this name stands or under `mcpServers`. Everything else in the file stays. */
  put(id: string, entry: Readonly<Record<string, unknown>>): void {
    const checked = readMcpJson(JSON.stringify({ mcpServers: { [id]: entry } }), this.#options.refs());
    const [problem] = checked.problems;
    if (problem !== undefined) {
      throw new FailureError({
        code: 'VALIDATION_ERROR',
        message: `${problem.place}: ${problem.message}`,
        details: { place: problem.place },
      });
    }
    const file = this.#readFile();
    const root = roots.find((name) => Object.hasOwn(serversIn(file, name), id)) ?? 'mcpServers';
    this.#writeFile({ ...file, [root]: { ...serversIn(file, root), [id]: entry } });
  }

  remove(id: string): void {
    const file = this.#readFile();
    const root = roots.find((name) => Object.hasOwn(serversIn(file, name), id));
    if (root === undefined) throw noSuchServer(id);
    const { [id]: _removed, ...others } = serversIn(file, root);
    this.#writeFile({ ...file, [root]: others });
  }

  start(id: string): void {
    const entry = this.#entry(id);
    const instances =
      entry.instances.length === 0 && entry.config.mode === 'shared' ? [entry.instance(null)] : entry.instances;
    for (const instance of instances) instance.start();
  }

  stop(id: string): Promise<void> {
    return this.#entry(id).stop({ isHeld: true });
  }

  async restart(id: string): Promise<void> {
    await this.stop(id);
    this.start(id);
  }

  #entry(id: string): UpstreamEntry {
    const entry = this.#options.upstreams.entry(id);
    if (entry === undefined) throw noSuchServer(id);
    return entry;
  }

  #readFile(): Readonly<Record<string, unknown>> {
    let text: string;
    try {
      text = readFileSync(this.#options.path, 'utf8');
    } catch {
      return {}; // none yet
    }
    try {
      const file: unknown = JSON.parse(text);
      if (typeof file === 'object' && file !== null && !Array.isArray(file)) return { ...file };
    } catch {
      // told below: it must not be overwritten
    }
    throw new FailureError({
      code: 'VALIDATION_ERROR',
      message: 'mcp.json is no JSON object, so nothing can be changed in it.',
      hint: 'Correct it by hand first.',
    });
  }

  #writeFile(file: Readonly<Record<string, unknown>>): void {
    writePrivateFile(this.#options.path, `${JSON.stringify(file, null, 2)}\n`);
    this.#options.reload();
  }
}

function serversIn(file: Readonly<Record<string, unknown>>, root: string): Readonly<Record<string, unknown>> {
  const servers = file[root];
  return typeof servers === 'object' && servers !== null && !Array.isArray(servers) ? { ...servers } : {};
}

function noSuchServer(id: string): FailureError {
  return new FailureError({ code: 'NOT_FOUND', message: `There is no server ${JSON.stringify(id.slice(0, 64))}.` });
}
