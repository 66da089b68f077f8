import { z } from 'zod';

/** A log that can be read through the admin API. */
export const logSourceSchema = z.object({
  /** `daemon`, `traffic`, `activity`, `shim:<id>` as in `ws_shim_<id>.log`, or `upstream:<id>`. Looked up in the list, never used as a path. */
  id: z.string(),
  kind: z.enum(['daemon', 'traffic', 'activity', 'shim', 'upstream']),
  /** File name without folder. */
  file: z.string(),
  bytes: z.int().min(0),
  modifiedAt: z.number(),
});
export type LogSource = z.infer<typeof logSourceSchema>;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/** One line. A line that is not JSON of ours has only `msg`. Secrets were masked before it was written. */
export const logLineSchema = z.object({
  /** ISO time, or null. */
  t: z.string().nullable(),
  level: z.enum(logLevels).nullable(),
  msg: z.string(),
  /** The other fields, as JSON text of at most 2,000 characters; empty when there are none. */
  fields: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;

export const logQuerySchema = z.object({
  lines: z.coerce.number().int().min(1).max(2000).default(200),
  /** This level and above. Lines without a level always count. */
  level: z.enum(logLevels).default('debug'),
});

export const logTailSchema = z.object({
  source: logSourceSchema,
  /** In the order they were written. */
  lines: z.array(logLineSchema),
});

/** One line of `GET /api/logs/:source/follow`: the tail first, then what is added. */
export const logFollowSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('lines'), lines: z.array(logLineSchema) }),
  /** Lines that came faster than they could be shown and were left out. */
  z.object({ type: z.literal('gap'), lines: z.int().min(1) }),
  z.object({ type: z.literal('heartbeat') }),
]);
export type LogFollow = z.infer<typeof logFollowSchema>;
