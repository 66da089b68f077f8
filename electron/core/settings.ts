import { z } from 'zod';
import { hostNoticeSchema, preferencesSchema, profileIdSchema } from '../../protocol/host-bridge.ts';

/**
 * What the tray app keeps: choices of the person, places of the window, the daemons it owns. No secret, and nothing the
 * daemon reads.
 */
const profileSchema = z.object({
  profileId: profileIdSchema,
  name: z.string(),
  /** Null: the usual one of this user. */
  stateDir: z.string().nullable(),
  port: z.int().min(1).max(65_535).nullable(),
  /** Its daemon is wanted: it is started with the app. */
  isWanted: z.boolean(),
});
export type ProfileSettings = z.infer<typeof profileSchema>;

export const boundsSchema = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
export type Bounds = z.infer<typeof boundsSchema>;

const settingsVersion = 1;

const settingsSchema = z.object({
  settingsVersion: z.literal(settingsVersion),
  preferences: preferencesSchema,
  /** Notes that were shown and dismissed. */
  seenNotices: z.array(hostNoticeSchema),
  /** Place of the window by monitor layout. */
  places: z.record(z.string(), boundsSchema),
  profiles: z.array(profileSchema).min(1),
  currentProfileId: profileIdSchema,
});
export type AppSettings = z.infer<typeof settingsSchema>;

export const defaultSettings: AppSettings = {
  settingsVersion,
  preferences: {
    quitChoice: 'ask',
    trayGlyph: 'automatic',
    isOnTop: false,
    theme: 'system',
    notifyCrashes: true,
    notifyPrompts: true,
    notifyUpdates: true,
  },
  seenNotices: [],
  places: {},
  profiles: [{ profileId: 'default', name: 'Default', stateDir: null, port: null, isWanted: true }],
  currentProfileId: 'default',
};

/** Port: the file that keeps them. Written by this app alone. */
export interface SettingsFile {
  read(): unknown;
  write(settings: AppSettings): void;
  /** Keeps what could not be understood, beside the file, before it is written over. */
  setAside(): void;
}

/**
 * Steps from one version to the next, by the version they start from. A file of a later version is read as far as it can
 * be understood and not written over before it was set aside.
 */
const migrations: ReadonlyMap<number, (old: Record<string, unknown>) => Record<string, unknown>> = new Map([
  // Before the first version the file held the window's place only.
  [0, (old) => ({ ...defaultSettings, places: old['places'] ?? {}, settingsVersion: 1 })],
]);

/** The stored settings, whole and valid. What is missing or wrong comes from the defaults, part by part. */
export function readSettings(raw: unknown): { readonly settings: AppSettings; readonly isIntact: boolean } {
  const stored = z.record(z.string(), z.unknown()).safeParse(raw);
  if (!stored.success || Object.keys(stored.data).length === 0) {
    return { settings: defaultSettings, isIntact: raw === undefined || stored.success };
  }
  const migrated = migrate(stored.data);
  const whole = settingsSchema.safeParse(migrated);
  if (whole.success) return { settings: whole.data, isIntact: true };
  const parts = Object.entries(settingsSchema.shape).flatMap(([name, schema]) => {
    const part = schema.safeParse(migrated[name]);
    return part.success ? [[name, part.data] as const] : [];
  });
  const merged = settingsSchema.safeParse({ ...defaultSettings, ...Object.fromEntries(parts), settingsVersion });
  return { settings: merged.success ? merged.data : defaultSettings, isIntact: false };
}

function migrate(stored: Record<string, unknown>): Record<string, unknown> {
  let settings = stored;
  for (let version = Number(stored['settingsVersion'] ?? 0); version < settingsVersion; version += 1) {
    settings = migrations.get(version)?.(settings) ?? settings;
  }
  return settings;
}

/** The settings of this run: changed here, stored at once. A file that cannot be written costs the next start, not this run. */
export class Settings {
  readonly #file: SettingsFile;
  readonly #onUnwritten: (error: unknown) => void;
  #now: AppSettings;
  #mayWrite = true;

  constructor(file: SettingsFile, onUnwritten: (error: unknown) => void) {
    this.#file = file;
    this.#onUnwritten = onUnwritten;
    const { settings, isIntact } = readSettings(file.read());
    this.#now = settings;
    if (isIntact) return;
    this.#mayWrite = this.#isDone(() => file.setAside());
  }

  get now(): AppSettings {
    return this.#now;
  }

  change(part: Partial<AppSettings>): void {
    this.#now = { ...this.#now, ...part };
    if (this.#mayWrite) this.#isDone(() => this.#file.write(this.#now));
  }

  #isDone(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#onUnwritten(error);
      return false;
    }
  }
}
