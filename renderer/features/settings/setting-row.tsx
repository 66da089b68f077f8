import { type ReactNode, useId } from 'react';
import type { SettingView } from '../../../protocol/settings.ts';
import { useCanAct, useWords } from '../../state/services.ts';
import { Button } from '../../ui/button.tsx';
import { Status } from '../../ui/status-mark.tsx';
import { isTrue, SettingControl } from './setting-control.tsx';
import { isForNextStart, isLiveLimit, labelOf } from './setting-groups.ts';
import { useSettingChange } from './use-setting-change.ts';
import type { SaveSetting } from './use-settings.ts';

interface SettingRowProps {
  readonly setting: SettingView;
  readonly save: SaveSetting;
  /** The head of the section says already that changes wait for the next start. */
  readonly isStartSaid?: boolean;
}

/** One setting: its name, its control, where its value comes from, and what has become of a change. */
export function SettingRow({ setting, save, isStartSaid = false }: SettingRowProps) {
  const words = useWords();
  const { text, fill } = words;
  const canAct = useCanAct();
  const noteId = useId();
  const { state, error, undo, change, forget } = useSettingChange(setting, save);
  const { name, min, max, source, isEditable } = setting;
  const label = labelOf(setting, text);
  const spoken =
    min === null
      ? label
      : max === null
        ? fill(text.settings.rangeFrom, { label, min })
        : fill(text.settings.range, { label, min, max });
  const show = (value: string) => shownValue(setting, value, text.settings);
  const notes = [
    ...(setting.defaultValue === '' || source === 'default'
      ? []
      : [fill(text.settings.byDefault, { value: show(setting.defaultValue) })]),
    ...(isForNextStart(setting) && !isStartSaid && setting.pendingValue === null ? [text.settings.atNextStart] : []),
  ];
  return (
    <SettingShell
      id={name}
      state={isEditable ? source : 'fixed'}
      label={label}
      note={
        undo !== undefined || state === 'saved' ? (
          <span className="setting__told">
            {state === 'saved' ? (
              <span role="status" data-testid="setting-saved">
                <Status kind="done" word={text.settings.saved} />
              </span>
            ) : null}
            {undo === undefined ? null : (
              <Button testId="setting-undo" onClick={undo}>
                {text.settings.undo}
              </Button>
            )}
          </span>
        ) : (
          <span id={noteId}>
            <bdi className="mono" dir="ltr">
              {name}
            </bdi>
            {notes.map((note) => (
              <span key={note}>
                {text.common.separator}
                {note}
              </span>
            ))}
          </span>
        )
      }
      below={
        <>
          {setting.pendingValue === null || isLiveLimit(name) ? null : (
            <p className="setting__pending">{fill(text.settings.waiting, { value: show(setting.value) })}</p>
          )}
          {error === undefined ? null : (
            <p className="setting__error" role="alert" data-testid="setting-error">
              {error}
            </p>
          )}
          {isEditable ? null : (
            <p className="setting__fixed">
              {source === 'default' ? text.settings.fixed : fill(text.settings.fixedBy, { place: setting.place })}
            </p>
          )}
        </>
      }
    >
      {isEditable ? (
        <SettingControl
          setting={setting}
          label={spoken}
          describedBy={noteId}
          isInvalid={error !== undefined}
          isDisabled={!canAct}
          onRevert={forget}
          onChange={(value) => change(value === '' ? null : value)}
        />
      ) : (
        <bdi className="setting__value mono" dir="ltr">
          {show(setting.value)}
        </bdi>
      )}
    </SettingShell>
  );
}

function shownValue(
  { kind }: SettingView,
  value: string,
  text: {
    readonly on: string;
    readonly off: string;
    readonly notSet: string;
    readonly units: { readonly seconds: string };
  },
): string {
  if (value === '') return text.notSet;
  if (kind === 'boolean') return isTrue(value) ? text.on : text.off;
  return kind === 'seconds' ? `${value} ${text.units.seconds}` : value;
}

interface SettingShellProps {
  /** Test id `setting-<id>`. */
  readonly id: string;
  readonly state: string;
  readonly label: string;
  readonly note?: ReactNode;
  readonly below?: ReactNode;
  readonly children: ReactNode;
}

/** The frame of every line of this page. */
export function SettingShell({ id, state, label, note, below, children }: SettingShellProps) {
  return (
    <div className="setting" data-testid={`setting-${id}`} data-id={id} data-state={state}>
      <div className="setting__names">
        <span className="setting__label">{label}</span>
        {note === undefined ? null : <span className="setting__note">{note}</span>}
      </div>
      <div className="setting__control">{children}</div>
      {below === undefined ? null : <div className="setting__below">{below}</div>}
    </div>
  );
}
