import './status-mark.css';
import type { ReactNode } from 'react';

/** What a thing is doing, as a shape. The colour repeats it and the word beside it says it. */
export type MarkKind =
  | 'live'
  | 'progress'
  | 'half'
  | 'waiting'
  | 'attention'
  | 'failed'
  | 'done'
  | 'cancelled'
  | 'timeout'
  | 'off';

const shapes: Readonly<Record<MarkKind, ReactNode>> = {
  live: <circle cx="6" cy="6" r="4.5" fill="currentColor" stroke="none" />,
  progress: (
    <>
      <circle cx="6" cy="6" r="4.25" />
      <path d="M6 6V1.75A4.25 4.25 0 0 1 10.25 6z" fill="currentColor" stroke="none" />
    </>
  ),
  half: (
    <>
      <circle cx="6" cy="6" r="4.25" />
      <path d="M6 1.75a4.25 4.25 0 0 0 0 8.5z" fill="currentColor" stroke="none" />
    </>
  ),
  waiting: <circle cx="6" cy="6" r="4.25" />,
  attention: <path d="M6 1 11.5 11H.5z" fill="currentColor" stroke="none" />,
  failed: <path d="m2.25 2.25 7.5 7.5M9.75 2.25l-7.5 7.5" />,
  done: <path d="m1.75 6.5 2.75 3 5.75-7" />,
  cancelled: (
    <>
      <circle cx="6" cy="6" r="4.25" />
      <path d="m3 9 6-6" />
    </>
  ),
  timeout: (
    <>
      <circle cx="6" cy="6" r="4.25" />
      <path d="M6 3.5V6l1.75 1.25" />
    </>
  ),
  off: <circle cx="6" cy="6" r="4.25" strokeDasharray="2 2" />,
};

/** The shape alone: give it a word beside it, or a hidden one. */
export function StatusMark({ kind }: { readonly kind: MarkKind }) {
  return (
    <svg
      className={`mark mark--${kind}`}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {shapes[kind]}
    </svg>
  );
}

export interface StatusProps {
  readonly kind: MarkKind;
  readonly word: string;
  /** The word is for assistive technology only: where the row is narrow and the shape is usual. */
  readonly isWordHidden?: boolean;
}

export function Status({ kind, word, isWordHidden = false }: StatusProps) {
  return (
    <span className={`status status--${kind}`} title={isWordHidden ? word : undefined}>
      <StatusMark kind={kind} />
      <span className={isWordHidden ? 'visually-hidden' : undefined}>{word}</span>
    </span>
  );
}
