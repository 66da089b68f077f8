import { parse, TomlError } from 'smol-toml';

/** One part of a dotted name: its text without quotes, and where it stands. */
export interface TomlKey {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** `members`: of an inline table. */
interface TomlValue {
  readonly from: number;
  readonly to: number;
  readonly members?: readonly TomlPair[];
}

export interface TomlPair {
  readonly keys: readonly TomlKey[];
  readonly value: TomlValue;
}

/** A header with its pairs, which may be dotted; the pairs before the first header stand in a section without keys. */
export interface TomlSection {
  readonly keys: readonly TomlKey[];
  readonly isArray: boolean;
  readonly from: number;
  /** Behind the header's last bracket. */
  readonly to: number;
  readonly pairs: readonly TomlPair[];
}

export interface TomlDocument {
  readonly type: 'document';
  /** What a reader gets, as JSON has it: dates and integers beyond 2^53 are texts. */
  readonly value: unknown;
  readonly sections: readonly TomlSection[];
}

export type TomlResult = TomlDocument | { readonly type: 'problem'; readonly offset: number };

/**
 * Reads TOML. smol-toml decides what is well-formed and what it means, but tells no places; these come from a second
 * reading that trusts the first.
 */
export function parseTomlDocument(text: string): TomlResult {
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  const body = text.slice(start);
  try {
    const value: unknown = JSON.parse(JSON.stringify(parse(body, { integersAsBigInt: 'asNeeded' }), bigintAsText));
    return { type: 'document', value, sections: new TomlScanner(text, start).sections() };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { type: 'problem', offset: start + offsetOf(body, error.line, error.column) };
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) start = text.indexOf('\n', start) + 1;
  return Math.min(start + column - 1, text.length);
}

const gap = /(?:[ \t\r\n]|#[^\n]*)*/y;
const inlineBlanks = /[ \t]*/y;
const bareKey = /[A-Za-z0-9_-]+/y;
const strings = /"""(?:\\[^]|[^\\])*?"{3,5}|'''[^]*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'/y;
const plainValue = /[^,\]}#\r\n]+/y;

/** Finds places in a text that is known to be well-formed. */
class TomlScanner {
  readonly #text: string;
  #at: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#at = start;
  }

  sections(): TomlSection[] {
    const sections: (TomlSection & { pairs: TomlPair[] })[] = [];
    let current = { keys: [] as TomlKey[], isArray: false, from: this.#at, to: this.#at, pairs: [] as TomlPair[] };
    sections.push(current);
    for (;;) {
      this.#match(gap);
      if (this.#at >= this.#text.length) return sections;
      if (this.#text[this.#at] === '[') {
        current = this.#header();
        sections.push(current);
      } else {
        current.pairs.push(this.#pair());
      }
    }
  }

  #header() {
    const from = this.#at;
    const isArray = this.#text.startsWith('[[', from);
    this.#at += isArray ? 2 : 1;
    const keys = this.#keys();
    this.#at += isArray ? 2 : 1;
    return { keys, isArray, from, to: this.#at, pairs: [] as TomlPair[] };
  }

  /** Stands behind the blanks that follow the last key. */
  #keys(): TomlKey[] {
    const keys: TomlKey[] = [];
    for (;;) {
      this.#match(inlineBlanks);
      const from = this.#at;
      const quoted = this.#match(strings);
      const text = quoted === '' ? this.#match(bareKey) : keyText(quoted);
      keys.push({ text, from, to: this.#at });
      this.#match(inlineBlanks);
      if (this.#text[this.#at] !== '.') return keys;
      this.#at += 1;
    }
  }

  #pair(): TomlPair {
    const keys = this.#keys();
    this.#at += 1;
    this.#match(inlineBlanks);
    return { keys, value: this.#value() };
  }

  #value(): TomlValue {
    const from = this.#at;
    const first = this.#text[from];
    if (first === '[') {
      this.#items(']', () => this.#value());
      return { from, to: this.#at };
    }
    if (first === '{') {
      const members = this.#items('}', () => this.#pair());
      return { from, to: this.#at, members };
    }
    if (this.#match(strings) === '') {
      const raw = this.#match(plainValue);
      this.#at -= raw.length - raw.trimEnd().length;
    }
    return { from, to: this.#at };
  }

  #items<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    this.#at += 1;
    for (;;) {
      this.#match(gap);
      if (this.#text[this.#at] === end) {
        this.#at += 1;
        return items;
      }
      const before = this.#at;
      if (this.#text[this.#at] === ',') this.#at += 1;
      else items.push(item());
      if (this.#at === before) throw new Error(`no TOML at offset ${before}`);
    }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

function keyText(quoted: string): string {
  return Object.keys(parse(`${quoted} = 0`))[0] ?? '';
}
