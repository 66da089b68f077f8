import './panels.css';
import { type ReactNode, useEffect, useState } from 'react';
import { useWords } from '../state/services.ts';
import { StatusMark } from './status-mark.tsx';

const quietMs = 150;

/** Rows that are on their way. Nothing for 150 ms: what comes at once must not flash. */
export function Skeleton({ rows = 4 }: { readonly rows?: number }) {
  const { text } = useWords();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), quietMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="skeleton" aria-busy="true" data-testid="skeleton">
      <span className="visually-hidden">{text.common.loading}</span>
      {isShown ? Array.from({ length: rows }, (_, index) => <span key={index} className="skeleton__row" />) : null}
    </div>
  );
}

interface EmptyStateProps {
  readonly text: ReactNode;
  readonly children?: ReactNode;
}

/** Nothing here, why, and what to do. */
export function EmptyState({ text, children }: EmptyStateProps) {
  return (
    <div className="empty-state" data-testid="empty-state">
      <p>{text}</p>
      {children}
    </div>
  );
}

interface ErrorPanelProps {
  readonly title: string;
  readonly cause?: ReactNode;
  readonly code?: string;
  readonly children?: ReactNode;
}

/** A part of a page that cannot be shown: cause, cure, stable code. */
export function ErrorPanel({ title, cause, code, children }: ErrorPanelProps) {
  return (
    <div className="error-panel" role="alert" data-testid="error-panel">
      <p className="error-panel__title">
        <StatusMark kind="failed" />
        {title}
      </p>
      {cause === undefined ? null : <p className="error-panel__cause">{cause}</p>}
      {children === undefined ? null : <div className="error-panel__actions">{children}</div>}
      {code === undefined ? null : <p className="error-panel__code mono">{code}</p>}
    </div>
  );
}
