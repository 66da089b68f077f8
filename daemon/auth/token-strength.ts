import { limits } from '../../protocol/limits.ts';

const sharedToken = new RegExp(`^[\\x21-\\x7E]{${limits.tokenMinChars},${limits.tokenMaxChars}}$`);
const placeholder = /^<.*>$/;

/** 16–512 characters of printable ASCII without spaces, and no pasted placeholder such as `<your-token>` (WIRE §3.5). */
export function isStrongToken(text: string): boolean {
  return sharedToken.test(text) && !placeholder.test(text);
}
