import { hash } from 'node:crypto';

/**
 * SHA-256 (hex) of `{"arguments":…,"name":…}` in canonical JSON: keys sorted by UTF-16 code units at every depth, no
 * spaces. `args` is parsed JSON; absent and null count as `{}`. Never throws, however deep the arguments are nested.
 */
export function canonicalHash(name: string, args: unknown): string {
  return hash('sha256', `{"arguments":${canonicalJson(args ?? {})},"name":${JSON.stringify(name)}}`, 'hex');
}

/** Deeper values would risk the stack of the recursive functions, ours and the engine's. */
const maxRecursion = 200;

function canonicalJson(value: unknown): string {
  return isInOrder(value, 0) ? JSON.stringify(value) : writeSorted(value);
}

/** Most arguments are flat and few: when their keys are in order already, the engine's own writer does. */
function isInOrder(value: unknown, depth: number): boolean {
  if (!isRecord(value)) return true;
  if (depth === maxRecursion) return false;
  if (Array.isArray(value)) return value.every((item) => isInOrder(item, depth + 1));
  let previous = '';
  for (const key of Object.keys(value)) {
    if (key < previous || !isInOrder(value[key], depth + 1)) return false;
    previous = key;
  }
  return true;
}

function writeSorted(root: unknown): string {
  let text = '';
  const rest: (string | { readonly value: unknown })[] = [{ value: root }];
  for (let piece = rest.pop(); piece !== undefined; piece = rest.pop()) {
    if (typeof piece === 'string') {
      text += piece;
    } else if (!isRecord(piece.value)) {
      text += JSON.stringify(piece.value) ?? 'null';
    } else if (Array.isArray(piece.value)) {
      const { value } = piece;
      text += '[';
      rest.push(']');
      for (let at = value.length - 1; at >= 0; at -= 1) rest.push({ value: value[at] }, at === 0 ? '' : ',');
    } else {
      const { value } = piece;
      const keys = Object.keys(value).filter((key) => value[key] !== undefined);
      keys.sort();
      text += '{';
      rest.push('}');
      for (let at = keys.length - 1; at >= 0; at -= 1) {
        const key = keys[at] ?? '';
        rest.push({ value: value[key] }, `${at === 0 ? '' : ','}${JSON.stringify(key)}:`);
      }
    }
  }
  return text;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
