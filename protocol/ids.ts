/** A JSON-RPC or ops request id exactly as the client sent it. */
export type RequestId = string | number;

/** Map key of a request id: `1` and `"1"` are two ids and stay two keys. */
export function requestIdKey(id: RequestId): string {
  return typeof id === 'number' ? `n${id}` : `s${id}`;
}

/** Announced session names: 3–64 of `[A-Za-z0-9_-]` (WIRE §3.3). `#` belongs to the daemon's own suffixes. */
const announcedName = /^[A-Za-z0-9_-]{3,64}$/;

export function isAnnouncedName(value: unknown): value is string {
  return typeof value === 'string' && announcedName.test(value);
}

/** Instance ids made by us: `inst_` and 6–20 of `[a-z0-9]` (CLIENTS §10). */
export const instanceIdPattern = /^inst_[a-z0-9]{6,20}$/;
