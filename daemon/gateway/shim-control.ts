import { type ShimControl, shimControlSchema } from '../../protocol/hello.ts';

/** A control frame of a shim (WIRE §5.1); undefined for what is none, or not understood. */
export function parseShimControl(bytes: Buffer): ShimControl | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // counted as ignored
  }
  return asReceived(value) ?? shimControlSchema.safeParse(value).data;
}

/** The one control frame that comes with the calls, 32 ids at a time: the schema takes a microsecond per id. */
function asReceived(value: unknown): ShimControl | undefined {
  if (typeof value !== 'object' || value === null || !('op' in value) || value.op !== 'received') return undefined;
  if (!('ids' in value) || !Array.isArray(value.ids)) return undefined;
  const ids: readonly unknown[] = value.ids;
  return ids.every(isId) ? { op: 'received', ids: [...ids] } : undefined;
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}
