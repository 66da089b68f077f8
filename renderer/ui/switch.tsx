import './switch.css';

export interface SwitchProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly isDisabled?: boolean;
  readonly testId?: string;
  readonly onChange: (isOn: boolean) => void;
}

/** On or off, at once. Its place says which, and so does its filling. */
export function Switch({ label, isOn, isDisabled = false, testId, onChange }: SwitchProps) {
  return (
    <input
      type="checkbox"
      role="switch"
      className="switch"
      aria-label={label}
      data-testid={testId}
      checked={isOn}
      disabled={isDisabled}
      onChange={({ target }) => onChange(target.checked)}
    />
  );
}
