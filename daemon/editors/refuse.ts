import { en } from '../../protocol/strings/en.ts';
import type { EditCode, EditRefusal, EditWarning, TextPlace } from './editor.ts';

export type RefusalReason = keyof typeof en.editors.refusals;
export type WarningId = keyof typeof en.editors.warnings;
type Params = Readonly<Record<string, string>>;

const codes: Readonly<Record<RefusalReason, EditCode>> = {
  malformed: 'CONFIG_UNREADABLE',
  notText: 'CONFIG_UNREADABLE',
  foreignShape: 'CONFIG_UNREADABLE',
  unreadable: 'CONFIG_UNREADABLE',
  changed: 'CONFIG_CHANGED',
  changedSince: 'CONFIG_CHANGED',
  readOnly: 'CONFIG_READ_ONLY',
  otherOwner: 'CONFIG_READ_ONLY',
  notAFile: 'CONFIG_REFUSED',
  tooLarge: 'CONFIG_REFUSED',
  remote: 'CONFIG_REFUSED',
  copyOnly: 'CONFIG_REFUSED',
  noWayIn: 'VALIDATION_ERROR',
  tokenByHand: 'CONFIG_REFUSED',
  launcherQuoting: 'CONFIG_REFUSED',
  badName: 'VALIDATION_ERROR',
  nameTaken: 'NAME_TAKEN',
  notFound: 'NOT_FOUND',
  foreignCommand: 'CONFIG_REFUSED',
  busy: 'CONFIG_BUSY',
  diskFull: 'DISK_FULL',
  noBackup: 'NOT_FOUND',
};

type Details = Partial<Pick<EditRefusal, 'suggestion' | 'field'>> & {
  readonly at?: TextPlace;
  readonly params?: Params;
};

export function refuse(reason: RefusalReason, path: string, details: Details = {}): EditRefusal {
  const { params = {}, ...rest } = details;
  const { message, cure } = en.editors.refusals[reason];
  const words = { path, ...(rest.suggestion === undefined ? {} : { suggestion: rest.suggestion }), ...params };
  return {
    type: 'refused',
    code: codes[reason],
    reason,
    message: fill(message, words),
    cure: fill(cure, words),
    path,
    ...rest,
  };
}

export function warn(id: WarningId, params: Params = {}, at?: TextPlace): EditWarning {
  return { id, message: fill(en.editors.warnings[id], params), ...(at === undefined ? {} : { at }) };
}

function fill(sentence: string, params: Params): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => params[name] ?? whole);
}
