import './meter.css';
import { useWords } from '../state/services.ts';

export interface MeterProps {
  readonly testId?: string;
  readonly label: string;
  readonly value: number;
  /** Null: no limit, so there is nothing to fill. */
  readonly max: number | null;
  readonly waiting?: number;
  /** The value is itself the number of waiting calls. */
  readonly isQueue?: boolean;
}

/** How full a limit is. Full is a colour, a pattern and, in its text, a word. */
export function Meter({ testId, label, value, max, waiting = 0, isQueue = false }: MeterProps) {
  const { text, fill } = useWords();
  const { meter } = text.common;
  const base = fill(max === null ? meter.inFlightNoLimit : isQueue ? meter.waiting : meter.inFlight, {
    value,
    total: max ?? 0,
  });
  const spoken = waiting > 0 ? fill(meter.andWaiting, { text: base, count: waiting }) : base;
  const share = max === null || max === 0 ? 0 : Math.min(1, value / max);
  return (
    <span
      className="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuenow={max === null ? value : Math.min(value, max)}
      aria-valuemax={max ?? Math.max(1, value)}
      aria-valuetext={spoken}
      title={spoken}
      data-testid={testId}
      data-state={share >= 1 ? 'full' : value > 0 ? 'busy' : 'idle'}
    >
      <span className="meter__fill" style={{ inlineSize: `${share * 100}%` }} />
    </span>
  );
}
