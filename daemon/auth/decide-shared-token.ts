import { z } from 'zod';
import { parseJsonObject } from '../../platform/json-object.ts';
import { Digest, digestPattern } from './digest.ts';
import { isStrongToken } from './token-strength.ts';

/**
 * Content of `credentials/shared.json` (WIRE §3.5). `token` is null after `exai token clear`: that authentication was
 * switched off must outlive a restart, and so must the digests of what is no longer valid.
 */
export interface SharedTokenRecord {
  /** Counts the shared tokens of this state directory, the first is 1; 0 = there has been none. */
  readonly generation: number;
  readonly token: string | null;
  /** SHA-256 in hex of every earlier token, oldest first. */
  readonly retired: readonly string[];
}

export interface SharedTokenDecision {
  /** What is valid from now on. */
  readonly record: SharedTokenRecord;
  /** The environment deliberately names another token than the file: the record must be stored. */
  readonly isChanged: boolean;
}

const recordSchema = z.object({
  generation: z.int().min(1),
  token: z.string().refine(isStrongToken).nullable(),
  retired: z.array(z.string().regex(digestPattern)),
});

/** Undefined when it is not such a record. A weak token makes it none, so that it cannot switch authentication off. */
export function parseSharedTokenRecord(text: string): SharedTokenRecord | undefined {
  return recordSchema.safeParse(parseJsonObject(text)).data;
}

/**
 * Which token is valid at start: the one of the file or `EXAI_WS_TOKEN` (WIRE §3.5, last bullet). Pure.
 * @param fileContent undefined when there is no file: until the first rotation the environment rules, as generation 1
 */
export function decideSharedToken(
  fileContent: SharedTokenRecord | undefined,
  envToken: string | undefined,
): SharedTokenDecision {
  if (fileContent === undefined) {
    const record = { generation: envToken === undefined ? 0 : 1, token: envToken ?? null, retired: [] };
    return { record, isChanged: false };
  }
  if (envToken === undefined || isCurrent(fileContent, envToken) || isRetired(fileContent, envToken)) {
    return { record: fileContent, isChanged: false };
  }
  return { record: withToken(fileContent, envToken), isChanged: true };
}

/** The environment still names a token that is no longer valid (`TOKEN_ENV_STALE`). */
export function isEnvTokenStale(record: SharedTokenRecord, envToken: string | undefined): boolean {
  return envToken !== undefined && !isCurrent(record, envToken);
}

/** A token that was valid once never becomes valid again: whoever made the rotation had a reason. */
export function isRetired(record: SharedTokenRecord, token: string): boolean {
  return record.retired.includes(Digest.of(token).hex);
}

export function isCurrent(record: SharedTokenRecord, token: string): boolean {
  return record.token !== null && Digest.of(record.token).equals(Digest.of(token));
}

/** The record after a rotation to `token`. */
export function withToken(record: SharedTokenRecord, token: string): SharedTokenRecord {
  return { generation: record.generation + 1, token, retired: retiredAfter(record) };
}

/** The record after authentication by shared token was switched off. */
export function withoutToken(record: SharedTokenRecord): SharedTokenRecord {
  return { generation: record.generation, token: null, retired: retiredAfter(record) };
}

function retiredAfter({ token, retired }: SharedTokenRecord): readonly string[] {
  return token === null ? retired : [...retired, Digest.of(token).hex];
}
