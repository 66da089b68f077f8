import './identity-mark.css';
import { monogram } from '../state/monogram.ts';

export interface IdentityMarkProps {
  /** 1–8. */
  readonly color: number;
  /** Whose letters. */
  readonly name: string;
}

/** A bar in the colour of the instance and two letters. Never the only sign: a name stands beside it. */
export function IdentityMark({ color, name }: IdentityMarkProps) {
  return (
    <span className={`identity identity--${color}`} aria-hidden="true">
      {monogram(name)}
    </span>
  );
}
