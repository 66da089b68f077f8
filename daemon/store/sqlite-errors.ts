import { StoreError, type StoreErrorCode } from './history-store.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html) that speak of the file, not of the statement. */
const codes: Readonly<Record<number, { readonly code: StoreErrorCode; readonly says: string }>> = {
  3: { code: 'STORE_UNREACHABLE', says: 'the rights do not allow it' }, // SQLITE_PERM
  5: { code: 'STORE_LOCKED', says: 'another program holds the file' }, // SQLITE_BUSY
  6: { code: 'STORE_LOCKED', says: 'a table is locked' }, // SQLITE_LOCKED
  8: { code: 'STORE_UNREACHABLE', says: 'the file is read-only' }, // SQLITE_READONLY
  10: { code: 'STORE_UNREACHABLE', says: 'the disk does not read or write' }, // SQLITE_IOERR
  11: { code: 'STORE_DAMAGED', says: 'the file is damaged' }, // SQLITE_CORRUPT
  13: { code: 'STORE_FULL', says: 'the disk is full' }, // SQLITE_FULL
  14: { code: 'STORE_UNREACHABLE', says: 'the file cannot be opened' }, // SQLITE_CANTOPEN
  15: { code: 'STORE_LOCKED', says: 'another program works on the log of the file' }, // SQLITE_PROTOCOL
  26: { code: 'STORE_DAMAGED', says: 'the file is no database' }, // SQLITE_NOTADB
};

/** What an error of `node:sqlite` says about the store; undefined when the statement is to blame. */
export function storeErrorOf(error: unknown): StoreError | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // The higher bits say it in more detail.
  const found = codes[error.errcode & 0xff];
  if (found === undefined) return undefined;
  return new StoreError(found.code, `${found.says} (${error.message})`, { cause: error });
}
