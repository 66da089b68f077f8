import type { HistoryPosition } from './history-store.ts';

/** The place after a row, as text without meaning for clients. */
export function encodeCursor({ startedAt, id }: HistoryPosition): string {
  return Buffer.from(`${startedAt} ${id}`, 'latin1').toString('base64url');
}

/** Undefined for a text that {@link encodeCursor} has not made. */
export function decodeCursor(text: string): HistoryPosition | undefined {
  const found = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?) ([0-9a-f-]{36})$/.exec(
    Buffer.from(text, 'base64url').toString('latin1'),
  );
  const [, startedAt, id] = found ?? [];
  return startedAt === undefined || id === undefined ? undefined : { startedAt: Number(startedAt), id };
}
