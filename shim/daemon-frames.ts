import { isRecord } from './editor-message.ts';
import type { RunningRequest } from './silence-watch.ts';

/** The revision that an answer to `initialize` agrees to. */
export function revisionOf(bytes: Uint8Array): string | undefined {
  const { result } = parseFrame(bytes);
  const revision = isRecord(result) ? result['protocolVersion'] : undefined;
  return typeof revision === 'string' ? revision : undefined;
}

/** `running` of a `query_res`; what is of another form is left out. */
export function runningRequests(value: unknown): RunningRequest[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    if (!isRecord(item)) return [];
    const { id, remainingMs } = item;
    return (typeof id === 'string' || typeof id === 'number') && typeof remainingMs === 'number'
      ? [{ id, remainingMs }]
      : [];
  });
}

/** A frame whose envelope has been read; empty when the rest of it is no JSON. */
export function parseFrame(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {}; // its envelope was fine, the rest is not: ignored like an unknown frame
  }
}
