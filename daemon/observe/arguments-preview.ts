import { holdsSecret, type MaskText } from '../../platform/redaction.ts';
import { limits } from '../../protocol/limits.ts';

/** Characters of a preview. */
const previewChars = 200;
/** In the longest of its spellings. */
const longestSecretChars = 3 * limits.credentialMaxChars;
/** Characters that are written before masking: a secret that begins in the preview must be seen to its end. */
const rawChars = previewChars + longestSecretChars;
/** Requests above this may hold objects whose mere list of keys is long. */
const largeRequestBytes = 256 * 1024;
const maxDepth = 6;

export interface PreviewOptions {
  /** Of the whole request. */
  readonly requestBytes: number;
  /** Arguments that the tool knows; of a large request only these are looked at. */
  readonly knownKeys: readonly string[];
  readonly maskText: MaskText;
}

/**
 * The beginning of a call's arguments as JSON, at most 200 characters, with secrets masked by key and by value. Work and
 * memory are bounded whatever the arguments are: long texts are cut before they are looked at, and the keys of an object
 * out of a large request are never listed.
 */
export function argumentsPreview(args: unknown, options: PreviewOptions): string | null {
  if (args === undefined || args === null) return null;
  const writer = new PreviewWriter(options);
  writer.write(args, 0);
  if (writer.text === '{}') return null;
  return shortened(options.maskText(writer.text), writer.isFull);
}

/** The beginning of a text that others chose; masked before it is cut, whatever its length. */
export function maskedBeginning(text: string, maskText: MaskText): string {
  return shortened(maskText(text.slice(0, rawChars)), text.length > rawChars);
}

/**
 * Cut to the length of a preview, never in the middle of a character. Where the text had been cut before it was masked,
 * half a secret may stand at its end, and masking may have moved that end into view.
 */
function shortened(masked: string, wasCut: boolean): string {
  const text = wasCut ? `${masked.slice(0, Math.max(0, masked.length - longestSecretChars))}…` : masked;
  return text.length <= previewChars ? text : `${text.slice(0, previewChars - 1).toWellFormed()}…`;
}

class PreviewWriter {
  readonly #options: PreviewOptions;
  readonly #isLarge: boolean;
  #text = '';

  constructor(options: PreviewOptions) {
    this.#options = options;
    this.#isLarge = options.requestBytes > largeRequestBytes;
  }

  get text(): string {
    return this.#text;
  }

  get isFull(): boolean {
    return this.#text.length >= rawChars;
  }

  #beginning(text: string): string {
    return JSON.stringify(text.slice(0, Math.max(0, rawChars - this.#text.length)));
  }

  write(value: unknown, depth: number): void {
    if (typeof value === 'string') this.#text += this.#beginning(value);
    else if (typeof value !== 'object' || value === null) this.#text += String(value);
    else if (depth >= maxDepth) this.#text += '…';
    else if (Array.isArray(value)) this.#writeArray(value, depth);
    else this.#writeObject(value, depth);
  }

  #writeArray(items: readonly unknown[], depth: number): void {
    this.#text += '[';
    for (let at = 0; at < items.length && !this.isFull; at += 1) {
      if (at > 0) this.#text += ',';
      this.write(items[at], depth + 1);
    }
    this.#text += ']';
  }

  #writeObject(value: object, depth: number): void {
    if (this.#isLarge && depth > 0) {
      this.#text += '{…}';
      return;
    }
    this.#text += '{';
    let isFirst = true;
    const keys = this.#isLarge ? this.#options.knownKeys : Object.keys(value);
    for (const key of keys) {
      if (this.isFull) break;
      if (this.#isLarge && !Object.hasOwn(value, key)) continue;
      if (!isFirst) this.#text += ',';
      isFirst = false;
      this.#text += `${this.#beginning(key)}:`;
      const item: unknown = Reflect.get(value, key);
      if (holdsSecret(key, item)) this.#text += '"***"';
      else this.write(item, depth + 1);
    }
    this.#text += isFirst && this.#isLarge ? '…}' : '}';
  }
}
