import { z } from 'zod';

/** One setting as the settings page shows it. Values in the unit of the environment: seconds, bytes, calls. */
export const settingSchema = z.object({
  /** Name of the variable. */
  name: z.string(),
  kind: z.enum(['integer', 'number', 'seconds', 'bytes', 'boolean', 'text', 'path', 'list', 'choice', 'set']),
  summary: z.string(),
  /** What the daemon runs with; empty for no value. */
  value: z.string(),
  /** Empty for no default. */
  defaultValue: z.string(),
  source: z.enum(['environment', 'env-file', 'settings-file', 'default']),
  /** For people: `the environment`, `.env line 3`, `settings.json`. */
  place: z.string(),
  /** False where a stronger layer fixes the value, or it must not be changed from here. */
  isEditable: z.boolean(),
  /** A change takes effect at the next start of the daemon. */
  needsRestart: z.boolean(),
  /** Stored and waiting for a restart; null when there is nothing to wait for. */
  pendingValue: z.string().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  choices: z.array(z.string()).nullable(),
});
export type SettingView = z.infer<typeof settingSchema>;

/** New texts by name; null goes back to the default. All or nothing. */
export const settingsChangeSchema = z.object({
  values: z.record(z.string().max(100), z.string().max(4096).nullable()),
});
