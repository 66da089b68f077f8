import './error-page.css';
import { type ReactNode, useEffect, useRef } from 'react';
import { StatusMark } from '../../ui/status-mark.tsx';

export interface ErrorPageProps {
  readonly code: string;
  readonly title: string;
  readonly cause: string;
  /** A command to type, with its copy button. */
  readonly command?: ReactNode;
  /** What has been going on meanwhile. */
  readonly meanwhile?: ReactNode;
  readonly children: ReactNode;
  /** The focus goes to its action when it appears. */
  readonly actionTestId: string;
}

/** Covers the screen, never the menu or the navigation: cause, one thing to do, a button that does it, a stable code. */
export function ErrorPage({ code, title, cause, command, meanwhile, children, actionTestId }: ErrorPageProps) {
  const page = useRef<HTMLElement>(null);
  useEffect(() => {
    page.current?.querySelector<HTMLElement>(`[data-testid="${actionTestId}"]`)?.focus();
  }, [actionTestId]);
  return (
    <section ref={page} className="error-page" data-testid="error-page" data-state={code}>
      <div role="alert" className="error-page__words">
        <h1 tabIndex={-1} className="error-page__title" data-testid="error-title">
          <StatusMark kind="failed" />
          {title}
        </h1>
        <p className="error-page__cause">{cause}</p>
      </div>
      {command}
      <div className="error-page__actions">{children}</div>
      {meanwhile === undefined ? null : <p className="error-page__meanwhile">{meanwhile}</p>}
      <p className="error-page__code mono" data-testid="error-code">
        {code}
      </p>
    </section>
  );
}
