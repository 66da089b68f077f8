/** Longest text that is read byte by byte; beyond it the runtime's own searches and decoders are faster. */
export const shortTextBytes = 48;
/** Every whole number of so many digits is exact. */
const maxDigits = 15;

const quote = 0x22;
const backslash = 0x5c;

/**
 * Position after the string that starts at `start`, when it is short, all printable ASCII and without escapes; else 0.
 * Such a string's text is {@link plainText} of what lies between its quotes.
 */
export function plainStringEnd(bytes: Uint8Array, start: number): number {
  const end = Math.min(bytes.length, start + shortTextBytes + 2);
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte === backslash || byte < 0x20 || byte > 0x7e) return 0;
  }
  return 0;
}

/** ASCII bytes as text. */
export function plainText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** Whether these bytes are just this ASCII text. */
export function isPlainText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The whole number without sign that stands between `start` and `end`; −1 when something else does, or a long one. */
export function plainInteger(bytes: Uint8Array, start: number, end: number): number {
  const digits = end - start;
  if (digits < 1 || digits > maxDigits || (digits > 1 && bytes[start] === 0x30)) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
