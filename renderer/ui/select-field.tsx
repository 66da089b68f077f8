import './select-field.css';
import { Icon } from './icons.tsx';

export interface SelectOption {
  readonly value: string;
  readonly label: string;
  /** Options of one group stand together. */
  readonly group?: string;
}

export interface SelectFieldProps {
  readonly testId: string;
  /** Its name; also what an empty choice reads when `options` begins with one that says so. */
  readonly label: string;
  readonly value: string;
  readonly options: readonly SelectOption[];
  readonly onChange: (value: string) => void;
  readonly isDisabled?: boolean;
}

/** A native choice in our clothes. Its name is for assistive technology: the first option says it to the eye. */
export function SelectField({ testId, label, value, options, onChange, isDisabled = false }: SelectFieldProps) {
  /** Something was chosen where nothing need be: a filter that holds. */
  const isChoice = value !== '' && options.some((option) => option.value === '');
  return (
    <span className="select-field" data-state={isChoice ? 'chosen' : 'plain'}>
      <select
        aria-label={label}
        title={options.find((option) => option.value === value)?.label ?? label}
        data-testid={testId}
        value={value}
        disabled={isDisabled}
        onChange={(event) => onChange(event.target.value)}
      >
        {groupsOf(options).map(([group, members]) =>
          group === undefined ? (
            members.map(drawOption)
          ) : (
            <optgroup key={group} label={group}>
              {members.map(drawOption)}
            </optgroup>
          ),
        )}
      </select>
      <Icon name="down" />
    </span>
  );
}

function drawOption({ value, label }: SelectOption) {
  return (
    <option key={value} value={value}>
      {label}
    </option>
  );
}

function groupsOf(
  options: readonly SelectOption[],
): readonly (readonly [string | undefined, readonly SelectOption[]])[] {
  const names = [...new Set(options.map(({ group }) => group))];
  return names.map((name) => [name, options.filter(({ group }) => group === name)]);
}
