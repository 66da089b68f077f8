import type { Kysely } from 'kysely';
import type { HistoryDatabase } from '../schema.ts';

/** One step of the schema. Written for both engines; runs in a transaction, once. Never changed after a release. */
export interface Migration {
  /** From 1, without gaps. */
  readonly version: number;
  readonly name: string;
  up(db: Kysely<HistoryDatabase>): Promise<void>;
}
