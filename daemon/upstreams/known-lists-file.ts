import { createHash } from 'node:crypto';
import { readPrivateFile, writePrivateFile } from '../../platform/private-file.ts';
import { membersOf, textMember } from '../../protocol/json-slices.ts';
import { itemsOf, type KnownLists, listKinds } from './known-lists.ts';
import { configFingerprint, type UpstreamConfig } from './upstream-config.ts';

const writeDelayMs = 500;

/**
 * The last known lists of every server, kept over restarts: windows see the same names whatever starts first, and a
 * server need not run to be listed. Those of a changed entry count no more.
 */
export class KnownListsFile {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  readonly #known = new Map<string, { readonly config: string; readonly lists: KnownLists }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
    const read = readPrivateFile(path);
    if (read.type === 'ok') this.#read(Buffer.from(read.text, 'utf8'));
  }

  of(config: UpstreamConfig): KnownLists | null {
    const known = this.#known.get(config.id);
    return known?.config === digest(config) ? known.lists : null;
  }

  put(config: UpstreamConfig, lists: KnownLists): void {
    this.#known.set(config.id, { config: digest(config), lists });
    this.#timer ??= setTimeout(() => this.flush(), writeDelayMs).unref();
  }

  /** Writes what still waits. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = Array.from(this.#known, ([id, { config, lists }]) => {
      const parts = listKinds.map(
        (kind) => `"${kind}":[${lists[kind].map(({ raw }) => raw.toString('utf8')).join(',')}]`,
      );
      return `${JSON.stringify(id)}:{"config":"${config}",${parts.join(',')}}`;
    });
    try {
      writePrivateFile(this.#path, `{${entries.join(',\n')}}\n`);
    } catch (error) {
      this.#onError(error);
    }
  }

  #read(bytes: Buffer): void {
    for (const { key, start, end } of membersOf(bytes) ?? []) {
      const config = textMember(bytes, start, 'config');
      if (config === undefined) continue;
      const one = bytes.subarray(start, end);
      const [tools, prompts, resources, resourceTemplates] = listKinds.map((kind) => itemsOf(one, kind));
      const lists = {
        tools: tools ?? [],
        prompts: prompts ?? [],
        resources: resources ?? [],
        resourceTemplates: resourceTemplates ?? [],
      };
      this.#known.set(key, { config, lists });
    }
  }
}

/** The entry may hold secrets: the file holds none. */
function digest(config: UpstreamConfig): string {
  return createHash('sha256').update(configFingerprint(config)).digest('hex').slice(0, 32);
}
