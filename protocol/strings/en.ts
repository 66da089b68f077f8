import { activity } from './en/activity.ts';
import { common } from './en/common.ts';
import { dashboard } from './en/dashboard.ts';
import { editors } from './en/editors.ts';
import { errors } from './en/errors.ts';
import { logs } from './en/logs.ts';
import { overview } from './en/overview.ts';
import { rotation } from './en/rotation.ts';
import { session } from './en/session.ts';
import { settings } from './en/settings.ts';
import { shell } from './en/shell.ts';
import { status } from './en/status.ts';
import { tray } from './en/tray.ts';

/**
 * Every word a person reads, one section per screen; window, tray and command line share it.
 * `{name}` is filled in. An object with `one` and `other` is a plural, picked by its count (`Intl.PluralRules`).
 */
export const en = {
  activity,
  common,
  dashboard,
  editors,
  errors,
  logs,
  overview,
  rotation,
  session,
  settings,
  shell,
  status,
  tray,
};

type Widened<T> = T extends string ? string : { readonly [Key in keyof T]: Widened<T[Key]> };
/** The shape that every locale has. */
export type Strings = Widened<typeof en>;

/** Forms of one sentence by plural category. */
export interface PluralForms {
  readonly one: string;
  readonly two?: string;
  readonly few?: string;
  readonly other: string;
}
