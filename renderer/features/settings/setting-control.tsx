import { useState } from 'react';
import type { SettingView } from '../../../protocol/settings.ts';
import { useWords } from '../../state/services.ts';
import { SelectField } from '../../ui/select-field.tsx';
import { Switch } from '../../ui/switch.tsx';

interface ControlProps {
  readonly setting: SettingView;
  /** With the range, for assistive technology. */
  readonly label: string;
  readonly describedBy: string;
  readonly isInvalid: boolean;
  readonly isDisabled: boolean;
  readonly onChange: (value: string) => void;
  readonly onRevert: () => void;
}

/** The control that fits the kind of a setting. Every change is one call of `onChange`. */
export function SettingControl(props: ControlProps) {
  const { setting, label, isDisabled, onChange } = props;
  const { text } = useWords();
  const value = setting.pendingValue ?? setting.value;
  const choices = setting.choices ?? [];
  switch (setting.kind) {
    case 'boolean':
      return (
        <Switch label={label} isOn={isTrue(value)} isDisabled={isDisabled} onChange={(on) => onChange(String(on))} />
      );
    case 'choice':
      return (
        <SelectField
          testId={`setting-field-${setting.name}`}
          label={label}
          value={value}
          isDisabled={isDisabled}
          options={[
            ...(setting.defaultValue === '' ? [{ value: '', label: text.settings.automatic }] : []),
            ...choices.map((choice) => ({ value: choice, label: choice })),
          ]}
          onChange={onChange}
        />
      );
    case 'set': {
      const chosen = value.split(',').map((part) => part.trim());
      return (
        <span className="setting__set" role="group" aria-label={label}>
          {choices.map((choice) => (
            <label key={choice}>
              <input
                type="checkbox"
                checked={chosen.includes(choice)}
                disabled={isDisabled}
                onChange={({ target }) =>
                  onChange(choices.filter((one) => (one === choice ? target.checked : chosen.includes(one))).join(','))
                }
              />
              {choice}
            </label>
          ))}
        </span>
      );
    }
    case 'integer':
    case 'number':
    case 'seconds':
    case 'bytes':
    case 'text':
    case 'path':
    case 'list':
      return <TextControl key={value} {...props} value={value} />;
  }
}

/** A field that keeps with Enter or when it is left, and reverts with Esc. */
function TextControl({
  setting,
  label,
  value,
  describedBy,
  isInvalid,
  isDisabled,
  onChange,
  onRevert,
}: ControlProps & { readonly value: string }) {
  const { text } = useWords();
  const [typed, setTyped] = useState(value);
  const isNumber = setting.kind !== 'text' && setting.kind !== 'path' && setting.kind !== 'list';
  const unit = setting.kind === 'seconds' || setting.kind === 'bytes' ? text.settings.units[setting.kind] : undefined;

  const [kept, setKept] = useState(value);
  const isChanged = typed.trim() !== value;

  function keep(): void {
    setKept(typed);
    onChange(typed.trim());
  }

  return (
    <span className={isNumber ? 'setting__text setting__text--number' : 'setting__text'}>
      <input
        type={isNumber ? 'number' : 'text'}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={isInvalid}
        placeholder={setting.defaultValue === '' ? text.settings.notSet : setting.defaultValue}
        data-testid={`setting-field-${setting.name}`}
        autoComplete="off"
        spellCheck={false}
        disabled={isDisabled}
        value={typed}
        {...(isNumber
          ? {
              step: setting.kind === 'number' || setting.kind === 'seconds' ? 'any' : 1,
              min: setting.min ?? undefined,
              max: setting.max ?? undefined,
            }
          : { dir: 'ltr' })}
        onChange={({ target }) => setTyped(target.value)}
        onBlur={() => {
          if (isChanged && typed !== kept) keep(); // Not what Enter has kept, or tried to.
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && isChanged) keep();
          if (event.key !== 'Escape' || typed === value) return;
          event.preventDefault();
          setTyped(value);
          setKept(value);
          onRevert();
        }}
      />
      {unit === undefined ? null : <span className="setting__unit">{unit}</span>}
    </span>
  );
}

export function isTrue(value: string): boolean {
  return ['true', '1', 'yes', 'on'].includes(value.toLowerCase());
}
