import { z } from 'zod';
import {
  callViewSchema,
  capsSchema,
  daemonSchema,
  instanceViewSchema,
  problemSchema,
  savingsSchema,
  sessionViewSchema,
  snapshotSchema,
  tokenViewSchema,
  totalsSchema,
  upstreamViewSchema,
} from './snapshot.ts';

/** How often a changed daemon tells its readers; changes in between are merged by id. */
export const feedFrameMs = 100;
/** Silence after which a heartbeat is sent. */
export const feedHeartbeatMs = 5_000;
/** A reader with more than this unsent is cut with `restart`; it starts again with a fresh snapshot. */
export const feedMaxUnsentBytes = 4 * 1024 * 1024;

/** Changed rows in full, and the keys of rows that are gone. `put` comes before `removed` of the same message. */
function rows<Row extends z.ZodType>(row: Row) {
  return z.object({ put: z.array(row), removed: z.array(z.string()) });
}

/** What has changed since the message before; absent parts have not. Lists without an id are sent whole. */
export const deltaSchema = z.object({
  type: z.literal('delta'),
  seq: z.int().min(1),
  takenAt: z.number(),
  daemon: daemonSchema.optional(),
  totals: totalsSchema.optional(),
  caps: capsSchema.optional(),
  savings: savingsSchema.nullable().optional(),
  token: tokenViewSchema.optional(),
  problems: z.array(problemSchema).optional(),
  /** By `key`. */
  sessions: rows(sessionViewSchema).optional(),
  /** By `callId`. Calls that started and ended within one frame never appear; only the totals tell of them. */
  calls: rows(callViewSchema).optional(),
  /** By `upstreamId`. */
  upstreams: rows(upstreamViewSchema).optional(),
  /** By `instanceId`. */
  instances: rows(instanceViewSchema).optional(),
});
export type Delta = z.infer<typeof deltaSchema>;

/**
 * One line of `GET /api/events` (newline-delimited JSON). The first is a snapshot, every later one has the next `seq`.
 * `restart` is the last line: connect again.
 */
export const feedMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('snapshot'), snapshot: snapshotSchema }),
  deltaSchema,
  z.object({ type: z.literal('heartbeat'), seq: z.int().min(1), takenAt: z.number() }),
  z.object({ type: z.literal('restart'), reason: z.enum(['slow-reader', 'daemon-stopping', 'signed-out']) }),
]);
export type FeedMessage = z.infer<typeof feedMessageSchema>;
