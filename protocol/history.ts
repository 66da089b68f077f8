import { z } from 'zod';
import { errorCodeSchema } from './snapshot.ts';

export const callOutcomes = ['ok', 'tool_error', 'error', 'cancelled', 'timeout', 'refused', 'interrupted'] as const;
const outcomeSchema = z.enum(callOutcomes);

/** One row of the table `calls`, as history, export and the recent list show it. Times in epoch seconds. */
export const historyRowSchema = z.object({
  /** UUIDv7: sorts by time of writing. */
  id: z.string(),
  callId: z.string(),
  startedAt: z.number(),
  sessionId: z.string(),
  instanceId: z.string().nullable(),
  tool: z.string(),
  upstream: z.string().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  queuedMs: z.number(),
  durationMs: z.number(),
  outcome: outcomeSchema,
  errorCode: errorCodeSchema.nullable(),
  requestBytes: z.int(),
  responseBytes: z.int(),
  /** Empty unless EXAI_HISTORY_ARGUMENTS is on. */
  argumentsPreview: z.string().nullable(),
  daemonRunId: z.string(),
});
export type HistoryRow = z.infer<typeof historyRowSchema>;

const text = z.string().max(200);
/** Which calls: all conditions hold. `q` is looked for in tool, session id, call id and error code. */
const filter = {
  session: text.optional(),
  instance: text.optional(),
  tool: text.optional(),
  outcome: outcomeSchema.optional(),
  /** Epoch seconds, inclusive. */
  from: z.coerce.number().min(0).optional(),
  /** Epoch seconds, exclusive. */
  to: z.coerce.number().min(0).optional(),
  q: text.optional(),
};
export const historyFilterSchema = z.object(filter);
export type HistoryFilter = z.infer<typeof historyFilterSchema>;

/** Newest first. */
export const historyQuerySchema = z.object({
  ...filter,
  /** `next` of the page before. */
  before: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const historyPageSchema = z.object({
  rows: z.array(historyRowSchema),
  /** Null on the last page. */
  next: z.string().nullable(),
  /** Rows that match the filter, over all pages. */
  total: z.int().min(0),
});

export const historyFacetsSchema = z.object({
  /** Session ids, tools and instance ids that occur, most recent first, at most 200 each. */
  sessions: z.array(z.string()),
  tools: z.array(z.string()),
  instances: z.array(z.string()),
});

export const seriesRanges = ['15m', '1h', '24h', '7d'] as const;
/** Either a named range that ends now, or `from` and `to`; `session` and `instance` filter like the table. */
export const seriesQuerySchema = z.object({
  range: z.enum(seriesRanges).default('1h'),
  from: z.coerce.number().min(0).optional(),
  to: z.coerce.number().min(0).optional(),
  session: text.optional(),
  instance: text.optional(),
});
export type SeriesQuery = z.infer<typeof seriesQuerySchema>;

/** Parallel arrays, one entry per bucket, at most 360. A null is a gap: nothing was measured, nothing is smoothed. */
export const seriesSchema = z.object({
  bucketSeconds: z.number(),
  /** Beginning of each bucket, epoch seconds. */
  t: z.array(z.number()),
  calls: z.array(z.number()),
  errors: z.array(z.number()),
  refused: z.array(z.number()),
  p50Ms: z.array(z.number().nullable()),
  p95Ms: z.array(z.number().nullable()),
  /** Most calls at once within the bucket. */
  inflightMax: z.array(z.number().nullable()),
  /** The global cap now, for the line above. */
  cap: z.number().nullable(),
});
export type Series = z.infer<typeof seriesSchema>;

export const exportQuerySchema = z.object({
  ...filter,
  format: z.enum(['csv', 'json']).default('csv'),
  /** Adds the previews of arguments, where they were kept. */
  arguments: z.stringbool().default(false),
});
export type ExportQuery = z.infer<typeof exportQuerySchema>;
