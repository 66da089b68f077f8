import type { SettingView } from '../../../protocol/settings.ts';
import type { Strings } from '../../../protocol/strings/en.ts';

export const groupIds = ['limits', 'addresses', 'token', 'history', 'advanced'] as const;
export type GroupId = (typeof groupIds)[number];

/** What people look for, by meaning and in this order. All other variables are advanced. */
const members: Readonly<Record<Exclude<GroupId, 'advanced'>, readonly string[]>> = {
  limits: [
    'EXAI_WS_SESSION_MAX_INFLIGHT',
    'EXAI_WS_GLOBAL_MAX_INFLIGHT',
    'EXAI_WS_KIMI_MAX_INFLIGHT',
    'EXAI_WS_GLM_MAX_INFLIGHT',
    'EXAI_WS_QUEUE_MAX',
    'EXAI_WS_QUEUE_WAIT_SECS',
    'EXAI_WS_CALL_TIMEOUT',
    'SESSION_MAX_CONCURRENT',
  ],
  addresses: [
    'EXAI_WS_HOST',
    'EXAI_WS_PORT',
    'EXAI_WS_LISTEN',
    'EXAI_WS_LOCAL_PATH',
    'EXAI_DASHBOARD_PORT',
    'EXAI_DASHBOARD_HOST',
  ],
  token: ['EXAI_AUTH_POLICY', 'EXAI_TOKEN_GRACE_SECS'],
  history: [
    'EXAI_HISTORY',
    'EXAI_HISTORY_DAYS',
    'EXAI_HISTORY_ARGUMENTS',
    'LOG_LEVEL',
    'EXAI_LOG_MAX_BYTES',
    'EXAI_LOG_FILES',
    'EXAI_LOG_DIR',
  ],
};

export type SettingGroups = Readonly<Record<GroupId, readonly SettingView[]>>;

/** Settings by group; with `find` only those whose name, label or summary holds all of its words. */
export function groupSettings(settings: readonly SettingView[], find: string, text: Strings): SettingGroups {
  const found = settings.filter((setting) =>
    isMatch([setting.name, setting.summary, labelOf(setting, text)].join(' '), find),
  );
  const known = new Set(Object.values(members).flat());
  const named = (names: readonly string[]) =>
    names.flatMap((name) => found.find((setting) => setting.name === name) ?? []);
  return {
    limits: named(members.limits),
    addresses: named(members.addresses),
    token: named(members.token),
    history: named(members.history),
    advanced: found.filter(({ name }) => !known.has(name)),
  };
}

/** All words of `find` are in `text`, in any case and order. */
export function isMatch(text: string, find: string): boolean {
  const hay = text.toLowerCase();
  return find
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

/** What a setting is called; its summary where the catalogue has no name. */
export function labelOf({ name, summary }: Pick<SettingView, 'name' | 'summary'>, text: Strings): string {
  const names: Readonly<Record<string, string>> = text.settings.names;
  return names[name] ?? `${summary.slice(0, 1).toLocaleUpperCase('en')}${summary.slice(1)}`;
}

/** What is wrong with a new value, as far as that can be told here. Zero and below may mean "off": the daemon knows. */
export function problemOf({ kind, min, max }: SettingView, value: string): 'number' | 'range' | 'small' | undefined {
  if (value === '' || kind === 'text' || kind === 'path' || kind === 'list') return undefined;
  if (kind === 'boolean' || kind === 'choice' || kind === 'set') return undefined;
  const number = Number(value);
  if (!Number.isFinite(number)) return 'number';
  const isSmall = min !== null && number > 0 && number < min;
  if (max === null) return isSmall ? 'small' : undefined;
  return isSmall || number > max ? 'range' : undefined;
}

/** A change of this setting holds at the next start only. */
export function isForNextStart({ name, needsRestart, isEditable }: SettingView): boolean {
  return isEditable && needsRestart && !isLiveLimit(name);
}

/** A change of a limit that holds at once. */
export interface CapacityChange {
  session?: number;
  global?: number;
  providers?: Record<string, number>;
  queue?: number;
}

/** The limit that a variable stands for; undefined for what is no limit of calls, or no number. */
export function capacityChangeOf(name: string, value: string): CapacityChange | undefined {
  const count = Number(value);
  if (value.trim() === '' || !Number.isInteger(count)) return undefined;
  if (name === 'EXAI_WS_QUEUE_MAX') return { queue: count };
  const scope = /^EXAI_WS_([A-Z0-9_]+)_MAX_INFLIGHT$/.exec(name)?.[1];
  switch (scope) {
    case undefined:
      return undefined;
    case 'SESSION':
      return { session: count };
    case 'GLOBAL':
      return { global: count };
    default:
      return { providers: { [scope]: count } };
  }
}

/** This variable is a limit of calls: a change needs no restart. */
export function isLiveLimit(name: string): boolean {
  return capacityChangeOf(name, '1') !== undefined;
}
