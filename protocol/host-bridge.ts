import { z } from 'zod';
import { aboutSchema, launcherSchema, loginItemSchema, updateSchema, vaultSchema } from './host-desktop.ts';
import type { HostVerb } from './host-verbs.ts';

/**
 * The state of the tray app and what its window may ask of it. Epoch seconds, as in the snapshot. The daemon's own state
 * is not in here: window and tray read it from `/api/events`.
 */
const seconds = z.number();

/** Problems that only the owner of the daemon can tell. */
const hostProblemCodes = [
  'DAEMON_EXITED',
  'DAEMON_START_FAILED',
  'DAEMON_CRASH_LOOP',
  'DAEMON_UNAVAILABLE',
  'PORT_IN_USE',
  'UPGRADE_REQUIRED',
] as const;

export const hostProblemSchema = z.object({
  code: z.enum(hostProblemCodes),
  /** What the sentences of the catalogue are filled with. */
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Last lines that the daemon wrote to stderr, oldest first, at most 20. */
  stderrTail: z.array(z.string()),
});
export type HostProblem = z.infer<typeof hostProblemSchema>;

export const supervisorSchema = z.object({
  state: z.enum(['stopped', 'starting', 'ready', 'backing-off', 'failed', 'stopping']),
  /** Of the running daemon. */
  pid: z.int().nullable(),
  /** `adopted`: it ran before this app was started. */
  origin: z.enum(['started', 'adopted']).nullable(),
  /** When the next start is tried; only while backing off. */
  nextTryAt: seconds.nullable(),
  /** Why it is not running, or what is wrong although it is. */
  problem: hostProblemSchema.nullable(),
});
export type SupervisorView = z.infer<typeof supervisorSchema>;

export const profileIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);

/** One daemon that this app can own: a state directory with its own port and token. */
export const profileViewSchema = z.object({
  profileId: profileIdSchema,
  name: z.string(),
  stateDir: z.string(),
  /** Null: as its settings say. */
  port: z.int().nullable(),
  state: supervisorSchema.shape.state,
  /** The one that tray and window show. */
  isCurrent: z.boolean(),
});
export type ProfileView = z.infer<typeof profileViewSchema>;

/** A row of the menu, the same in the tray and behind ⋯ in the window. Its `id` is what is clicked. */
export interface MenuRow {
  readonly id: string;
  readonly label: string;
  readonly isEnabled: boolean;
  readonly isChecked?: boolean | undefined;
  /** The row that a double click stands for; bold where the system can. */
  readonly isDefault?: boolean | undefined;
  readonly submenu?: readonly MenuRow[] | undefined;
}
const menuRowSchema: z.ZodType<MenuRow> = z.object({
  id: z.string(),
  label: z.string(),
  isEnabled: z.boolean(),
  isChecked: z.boolean().optional(),
  isDefault: z.boolean().optional(),
  submenu: z.array(z.lazy(() => menuRowSchema)).optional(),
});

/** Choices of a person that the app keeps. */
export const preferencesSchema = z.object({
  /** What Quit does while windows are connected. */
  quitChoice: z.enum(['ask', 'keep', 'stop']),
  /** Glyph of the tray icon on Linux. */
  trayGlyph: z.enum(['automatic', 'light', 'dark']),
  isOnTop: z.boolean(),
  theme: z.enum(['system', 'light', 'dark']),
  notifyCrashes: z.boolean(),
  notifyPrompts: z.boolean(),
  notifyUpdates: z.boolean(),
});
export type HostPreferences = z.infer<typeof preferencesSchema>;

/** Notes that are shown once: `hidden` after the first close, `no-tray` on a desktop without tray icons. */
export const hostNoticeSchema = z.enum(['hidden', 'no-tray']);
export type HostNotice = z.infer<typeof hostNoticeSchema>;

export const hostStateSchema = z.object({
  version: z.string(),
  platform: z.string(),
  supervisor: supervisorSchema,
  profiles: z.array(profileViewSchema),
  menu: z.array(menuRowSchema),
  /** Whether this desktop shows tray icons. */
  hasTrayHost: z.boolean(),
  loginItem: loginItemSchema,
  update: updateSchema,
  launcher: launcherSchema,
  vault: vaultSchema,
  about: aboutSchema,
  preferences: preferencesSchema,
  notices: z.array(hostNoticeSchema),
});
export type HostState = z.infer<typeof hostStateSchema>;

const profileName = z.string().trim().min(1).max(64);

/** What becomes of running calls. Absent: the app asks when there are some. */
const fateOfCallsSchema = z.enum(['wait', 'end']).optional();

/** What can be told to the app. Each takes effect at once; the new state comes by push. */
export const hostCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start') }),
  z.object({ type: z.literal('stop'), calls: fateOfCallsSchema }),
  z.object({ type: z.literal('restart'), calls: fateOfCallsSchema }),
  /** After PORT_IN_USE: start on the next free port, and keep it. */
  z.object({ type: z.literal('use-next-port') }),
  z.object({ type: z.literal('pause') }),
  z.object({ type: z.literal('resume') }),
  z.object({ type: z.literal('rotate-token') }),
  /** Without a choice: as the preference says, and it may ask. */
  z.object({ type: z.literal('quit'), choice: z.enum(['keep', 'stop']).optional() }),
  z.object({ type: z.literal('set-login-item'), isOn: z.boolean() }),
  z.object({ type: z.literal('update') }),
  /** Looks again whether the key ring is open. */
  z.object({ type: z.literal('check-vault') }),
  /** The page this build comes from, in the user's browser. */
  z.object({ type: z.literal('open-homepage') }),
  /** As if the row had been clicked in the tray. */
  z.object({ type: z.literal('menu'), id: z.string().max(300) }),
  z.object({ type: z.literal('add-profile'), name: profileName, port: z.int().min(1).max(65_535).nullable() }),
  z.object({ type: z.literal('switch-profile'), profileId: profileIdSchema }),
  z.object({ type: z.literal('start-profile'), profileId: profileIdSchema }),
  z.object({ type: z.literal('stop-profile'), profileId: profileIdSchema }),
]);
export type HostCommand = z.infer<typeof hostCommandSchema>;

const done = z.object({});

/** One row per verb: what the page gives and what it gets. Parsed by the app on the way in and by the page on the way out. */
export const hostVerbs = {
  getState: { input: z.object({}), output: hostStateSchema },
  command: { input: hostCommandSchema, output: done },
  copyText: {
    input: z.object({
      text: z.string().max(1024 * 1024),
      /** Taken off again after this time when it is still there, and at quit. */
      clearAfterMs: z.int().min(1).max(3_600_000).optional(),
    }),
    output: z.object({ isCopied: z.boolean() }),
  },
  pickFolder: { input: z.object({}), output: z.object({ path: z.string().nullable() }) },
  /** Never a path: the page cannot make the app open any file. */
  reveal: { input: z.object({ what: z.enum(['logs', 'state', 'settings', 'crash-log']) }), output: done },
  openDashboard: { input: z.object({}), output: done },
  setPreference: { input: preferencesSchema.partial(), output: done },
  dismissNotice: { input: z.object({ notice: hostNoticeSchema }), output: done },
} as const satisfies Record<HostVerb, { readonly input: z.ZodType; readonly output: z.ZodType }>;

export type HostInput<Verb extends HostVerb> = z.output<(typeof hostVerbs)[Verb]['input']>;
export type HostOutput<Verb extends HostVerb> = z.output<(typeof hostVerbs)[Verb]['output']>;

/** What a verb answers on the wire. An error that is thrown would lose its code on the way. */
export const hostAnswerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);
export type HostAnswer = z.infer<typeof hostAnswerSchema>;
