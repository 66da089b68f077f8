const mask = '***';
/** WIRE §11. */
const secretKey = /token|secret|password|authorization|cookie|jwt|api[-_]?key/i;
const bearer = /\bBearer\s+\S+/gi;

const maxDepth = 8;
const maxTextChars = 16_384;
const maxMaskedNames = 64;
const maxNameChars = 256;

/** Replaces in text what must not be read by others. */
export type MaskText = (text: string) => string;

/** The secret values that one logger and its children know, in every spelling in which they reach a log. */
export class SecretValues {
  readonly #spellings = new Set<string>();
  readonly #maskedNames = new Map<string, string>();

  static of(values: Iterable<string>): SecretValues {
    const known = new SecretValues();
    for (const value of values) known.add(value);
    return known;
  }

  /** Empty values are ignored. Safe to call twice. */
  add(value: string): void {
    if (value === '') return;
    this.#maskedNames.clear();
    this.#spellings.add(value);
    this.#spellings.add(JSON.stringify(value).slice(1, -1));
    this.#spellings.add(encodeURIComponent(value.toWellFormed()));
  }

  /** Masks every known value and every `Bearer …`; well-formed UTF-16 comes back. */
  readonly maskText: MaskText = (text) => {
    const found = this.#find(text);
    let masked = '';
    let from = 0;
    for (const [start, end] of found) {
      masked += text.slice(from, start) + mask;
      from = end;
    }
    return (masked + text.slice(from)).replaceAll(bearer, `Bearer ${mask}`).toWellFormed();
  };

  /** `maskText` for short texts that come again with every call, such as the name of a client: remembered. */
  maskName(name: string): string {
    const known = this.#maskedNames.get(name);
    if (known !== undefined) return known;
    const masked = this.maskText(name);
    if (this.#maskedNames.size >= maxMaskedNames) this.#maskedNames.clear();
    if (name.length <= maxNameChars) this.#maskedNames.set(name, masked);
    return masked;
  }

  /** Ranges of all occurrences, joined where they overlap, so that no end of a value stays visible. */
  #find(text: string): [start: number, end: number][] {
    const ranges: [start: number, end: number][] = [];
    for (const value of this.#spellings) {
      for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1))
        ranges.push([at, at + value.length]);
    }
    if (ranges.length < 2) return ranges;
    ranges.sort((a, b) => a[0] - b[0]);
    const joined: [start: number, end: number][] = [];
    for (const range of ranges) {
      const last = joined.at(-1);
      if (last !== undefined && range[0] <= last[1]) last[1] = Math.max(last[1], range[1]);
      else joined.push(range);
    }
    return joined;
  }
}

/**
 * Copy of the fields of a log line that is safe to print as JSON: secrets masked by key and by value (keys too),
 * cycles cut, errors as `{name,message,code?,stack?,cause?}`, bytes as text with replacement characters.
 * @throws what a getter or `toJSON` of a field throws
 */
export function redactFields(fields: object, maskText: MaskText): Record<string, unknown> {
  return redactEntries(Object.entries(fields), maskText, [fields]);
}

function redactValue(value: unknown, maskText: MaskText, parents: readonly object[]): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (typeof value === 'string') return shorten(maskText(value));
  if (typeof value === 'number' || typeof value === 'bigint') return redactNumber(value, maskText);
  if (typeof value === 'object') return redactObject(value, maskText, parents);
  // Functions and symbols: their kind is enough, the source text of a function is noise.
  return `[${typeof value}]`;
}

function redactNumber(value: number | bigint, maskText: MaskText): unknown {
  const text = String(value);
  const masked = maskText(text);
  if (masked !== text) return masked;
  return typeof value === 'number' && Number.isFinite(value) ? value : text;
}

function redactObject(value: object, maskText: MaskText, parents: readonly object[]): unknown {
  if (parents.includes(value)) return '[circular]';
  if (parents.length >= maxDepth) return '[deep]';
  const within = [...parents, value];
  if (value instanceof Error) return redactEntries(errorEntries(value), maskText, within);
  if (value instanceof Uint8Array) return shorten(maskText(new TextDecoder().decode(value)));
  if (Array.isArray(value)) return value.map((item) => redactValue(item, maskText, within));
  if (value instanceof Set) return Array.from(value, (item) => redactValue(item, maskText, within));
  if (value instanceof Map) {
    return redactEntries(
      Array.from(value, ([key, item]): [string, unknown] => [String(key), item]),
      maskText,
      within,
    );
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const plain: unknown = value.toJSON();
    return redactValue(plain, maskText, within);
  }
  return redactEntries(Object.entries(value), maskText, within);
}

function redactEntries(
  entries: readonly [string, unknown][],
  maskText: MaskText,
  parents: readonly object[],
): Record<string, unknown> {
  // `fromEntries` defines, so a key `__proto__` stays a plain key.
  return Object.fromEntries(
    entries.map(([key, value]) => [
      maskText(key),
      holdsSecret(key, value) ? mask : redactValue(value, maskText, parents),
    ]),
  );
}

/** Whether the key says so. `null`, `true`: they tell whether there is a secret, not which. */
export function holdsSecret(key: string, value: unknown): boolean {
  return value !== null && value !== undefined && typeof value !== 'boolean' && secretKey.test(key);
}

function errorEntries(error: Error): [string, unknown][] {
  const entries: [string, unknown][] = [
    ['name', error.name],
    ['message', error.message],
  ];
  if ('code' in error) entries.push(['code', error.code]);
  if (error.stack !== undefined) entries.push(['stack', error.stack]);
  if (error.cause !== undefined) entries.push(['cause', error.cause]);
  return entries;
}

/** After masking, so that no half of a secret is left at the cut. */
function shorten(text: string): string {
  if (text.length <= maxTextChars) return text;
  return `${text.slice(0, maxTextChars).toWellFormed()}… (${text.length} characters)`;
}
