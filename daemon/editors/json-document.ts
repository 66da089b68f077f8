/** A value with its place: `from` is its first offset, `to` the one behind its last, in UTF-16 units. */
export type JsonNode =
  | { readonly kind: 'object' | 'array'; readonly from: number; readonly to: number; readonly members: JsonMember[] }
  | {
      readonly kind: 'scalar';
      readonly from: number;
      readonly to: number;
      readonly value: string | number | boolean | null;
    };

export type JsonContainer = Extract<JsonNode, { kind: 'object' | 'array' }>;

/** A property, or an item of an array, which has no `key`. `from` is that of the key. */
export interface JsonMember {
  readonly key?: { readonly text: string; readonly from: number; readonly to: number };
  readonly from: number;
  readonly to: number;
  readonly value: JsonNode;
  /** Offset of the comma that follows. */
  comma?: number;
}

/** What a client's reader takes besides JSON. */
export interface JsonDialect {
  readonly comments: boolean;
  readonly trailingCommas: boolean;
}

/** `problem` is a key of `editors.syntax` in protocol/strings. */
export type JsonProblem =
  | 'comment'
  | 'trailingComma'
  | 'missingValue'
  | 'missingKey'
  | 'missingColon'
  | 'missingComma'
  | 'missingEnd'
  | 'badString'
  | 'badValue'
  | 'moreAfterEnd'
  | 'tooDeep';

/** `root` undefined: nothing but blanks and comments. */
export type JsonResult =
  | { readonly type: 'document'; readonly root: JsonNode | undefined }
  | { readonly type: 'problem'; readonly problem: JsonProblem; readonly offset: number };

const deepestLevel = 200;
const blanks = /[ \t\r\n]*/y;
const lineComment = /\/\/[^\r\n]*/y;
const word = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const firstPlainCharacter = 0x20;

class Problem extends Error {
  readonly problem: JsonProblem;
  readonly offset: number;

  constructor(problem: JsonProblem, offset: number, options?: ErrorOptions) {
    super(problem, options);
    this.problem = problem;
    this.offset = offset;
  }
}

/**
 * Reads JSON, or JSON with comments, into a tree that knows where everything stands, commas included: edits change the
 * text between those places and nothing else. A byte order mark at the start is skipped.
 */
export function parseJsonDocument(text: string, dialect: JsonDialect): JsonResult {
  const reader = new JsonReader(text, dialect);
  try {
    return { type: 'document', root: reader.document() };
  } catch (error) {
    if (error instanceof Problem) return { type: 'problem', problem: error.problem, offset: error.offset };
    throw error;
  }
}

class JsonReader {
  readonly #text: string;
  readonly #dialect: JsonDialect;
  #at = 0;

  constructor(text: string, dialect: JsonDialect) {
    this.#text = text;
    this.#dialect = dialect;
    if (text.startsWith('\uFEFF')) this.#at = 1;
  }

  document(): JsonNode | undefined {
    this.#skip();
    if (this.#at === this.#text.length) return undefined;
    const root = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw new Problem('moreAfterEnd', this.#at);
    return root;
  }

  #value(depth: number): JsonNode {
    if (depth > deepestLevel) throw new Problem('tooDeep', this.#at);
    const from = this.#at;
    const first = this.#text[from];
    if (first === '{' || first === '[') return this.#container(first === '{' ? 'object' : 'array', depth);
    if (first === undefined) throw new Problem('missingEnd', from);
    if (first === '"') return { kind: 'scalar', from, value: this.#string(), to: this.#at };
    const raw = this.#match(word);
    if (raw === '') throw new Problem(',:}]'.includes(first) ? 'missingValue' : 'badValue', from);
    return { kind: 'scalar', from, to: this.#at, value: wordValue(raw) };
  }

  #container(kind: 'object' | 'array', depth: number): JsonNode {
    const from = this.#at;
    const end = kind === 'object' ? '}' : ']';
    const members: JsonMember[] = [];
    this.#at += 1;
    for (;;) {
      this.#skip();
      const last = members.at(-1);
      if (this.#text[this.#at] === end) {
        if (last?.comma !== undefined && !this.#dialect.trailingCommas) throw new Problem('trailingComma', last.comma);
        this.#at += 1;
        return { kind, from, to: this.#at, members };
      }
      if (this.#at === this.#text.length) throw new Problem('missingEnd', this.#at);
      if (last !== undefined && last.comma === undefined) throw new Problem('missingComma', this.#at);
      members.push(this.#member(kind, depth));
      this.#skip();
      const member = members.at(-1);
      if (this.#text[this.#at] === ',' && member !== undefined) {
        member.comma = this.#at;
        this.#at += 1;
      }
    }
  }

  #member(kind: 'object' | 'array', depth: number): JsonMember {
    const from = this.#at;
    if (kind === 'array') {
      const item = this.#value(depth + 1);
      return { from, value: item, to: this.#at };
    }
    if (this.#text[from] !== '"') throw new Problem('missingKey', from);
    const key = { text: this.#string(), from, to: this.#at };
    this.#skip();
    if (this.#text[this.#at] !== ':') throw new Problem('missingColon', this.#at);
    this.#at += 1;
    this.#skip();
    const value = this.#value(depth + 1);
    return { key, from, value, to: this.#at };
  }

  #string(): string {
    const from = this.#at;
    let at = from + 1;
    while (this.#text[at] !== '"') {
      const code = this.#text.charCodeAt(at);
      if (Number.isNaN(code) || code < firstPlainCharacter) throw new Problem('badString', from);
      at += this.#text[at] === '\\' ? 2 : 1;
    }
    this.#at = at + 1;
    try {
      return String(JSON.parse(this.#text.slice(from, this.#at)));
    } catch (error) {
      throw new Problem('badString', from, { cause: error });
    }
  }

  /** Blanks and comments. */
  #skip(): void {
    for (;;) {
      this.#match(blanks);
      const from = this.#at;
      if (this.#text[from] !== '/') return;
      if (this.#match(lineComment) === '') this.#blockComment();
      if (!this.#dialect.comments) throw new Problem('comment', from);
    }
  }

  #blockComment(): void {
    const end = this.#text.startsWith('/*', this.#at) ? this.#text.indexOf('*/', this.#at + 2) : -1;
    if (end < 0) throw new Problem('badValue', this.#at);
    this.#at = end + 2;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

function wordValue(raw: string): number | boolean | null {
  if (raw === 'null') return null;
  return raw === 'true' || raw === 'false' ? raw === 'true' : Number(raw);
}

/** The plain value of a node; of equal keys the last one counts, as in every reader. */
export function jsonValue(node: JsonNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'array') return node.members.map(({ value }) => jsonValue(value));
  return Object.fromEntries(node.members.map(({ key, value }) => [key?.text ?? '', jsonValue(value)]));
}

/** The property of this name that counts: the last one. */
export function jsonMember(node: JsonNode | undefined, key: string): JsonMember | undefined {
  return node?.kind === 'object' ? node.members.findLast((member) => member.key?.text === key) : undefined;
}
