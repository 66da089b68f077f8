import type { en } from '../../protocol/strings/en.ts';
import type { Footprint, Target } from './editor.ts';
import type { Entry } from './entry-forms.ts';

/** A server in a file. `value` is what a reader of the file gets. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: unknown;
  readonly offset: number;
}

/** `problem` is a key of `editors.syntax` in protocol/strings, where the text is malformed. */
export type ConfigRead =
  | { readonly type: 'entries'; readonly entries: readonly ConfigEntry[]; readonly notes: readonly ConfigNote[] }
  | { readonly type: 'malformed'; readonly problem: keyof typeof en.editors.syntax; readonly offset: number }
  /** Well-formed, but what should hold the entries is something else. */
  | { readonly type: 'foreign-shape'; readonly key: string; readonly offset: number };

/** Something odd that does not stop an edit; `id` is a key of `editors.warnings`. */
export interface ConfigNote {
  readonly id: 'duplicateKey' | 'otherRootKey' | 'hasComments';
  readonly name: string;
  readonly offset: number;
}

/** An entry to write: with the question for the token beside it, where the client has such a thing. */
export interface NewEntry {
  readonly key: string;
  readonly entry: Entry;
  readonly input: Entry | undefined;
}

export type AddedEntry = { readonly text: string; readonly footprint: Omit<Footprint, 'folders'> };

/**
 * Edits of one grammar, text to text. All but `read` require a text for which `read` gives entries. What an edit does not
 * name keeps its bytes: order, blanks, comments, line ends, byte order mark.
 */
export interface ConfigFormat {
  read(text: string, target: Target): ConfigRead;
  /** @param text undefined when there is no file */
  add(text: string | undefined, target: Target, added: NewEntry): AddedEntry;
  /** Brings the entry `key` to `changed`, its key too; fields and names that are not ours stay. */
  merge(text: string, target: Target, key: string, changed: NewEntry): string;
  /** `undefined`: nothing is left and the file was not there before. */
  remove(text: string, target: Target, key: string, footprint: Footprint | undefined): string | undefined;
}
