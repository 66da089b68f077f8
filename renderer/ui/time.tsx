import { useTicking, useWords } from '../state/services.ts';

interface MomentProps {
  /** Epoch seconds. */
  readonly at: number;
  readonly testId?: string;
}

/** "2 h ago"; the exact time on hover and for readers. */
export function Ago({ at, testId }: MomentProps) {
  const words = useWords();
  const text = useTicking((now) => words.ago(now - at));
  return (
    <time dateTime={isoOf(at)} title={words.absolute(at)} data-testid={testId}>
      {text}
    </time>
  );
}

const sameDaySeconds = 20 * 3_600;

/** `14:31`, with its day when that is not this one. */
export function Clock({ at, testId }: MomentProps) {
  const words = useWords();
  const text = useTicking((now) => (now - at < sameDaySeconds ? words.clock(at) : words.dayClock(at)));
  return (
    <time dateTime={isoOf(at)} title={words.absolute(at)} data-testid={testId}>
      {text}
    </time>
  );
}

/** How long something has been going on: `0:12`. */
export function Age({ at, testId }: MomentProps) {
  const words = useWords();
  const text = useTicking((now) => words.age(now - at));
  return (
    <time dateTime={isoOf(at)} title={words.absolute(at)} data-testid={testId}>
      {text}
    </time>
  );
}

/** How long is left until then: `1:48`. */
export function Countdown({ at, testId }: MomentProps) {
  const words = useWords();
  const text = useTicking((now) => words.age(Math.max(0, at - now)));
  return (
    <time dateTime={isoOf(at)} title={words.absolute(at)} data-testid={testId}>
      {text}
    </time>
  );
}

/** How long something has been up: `2 h 14 m`. */
export function Uptime({ at, testId }: MomentProps) {
  const words = useWords();
  const text = useTicking((now) => words.uptime(now - at));
  return (
    <time dateTime={isoOf(at)} title={words.absolute(at)} data-testid={testId}>
      {text}
    </time>
  );
}

function isoOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}
