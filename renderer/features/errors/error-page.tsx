import './error-page.css';
import type { ReactNode } from 'react';
import { type MarkKind, StatusMark } from '../../ui/status-mark.tsx';

export interface ErrorPageProps {
  readonly code: string;
  readonly title: string;
  /** Beside the title; `failed` unless somebody wanted it so. */
  readonly mark?: MarkKind;
  readonly cause: string;
  /** A command to type, with its copy button. */
  readonly command?: ReactNode;
  /** What has been going on meanwhile. */
  readonly meanwhile?: ReactNode;
  /** The action, marked `data-arrival`: it gets the focus. */
  readonly children: ReactNode;
}

/** Covers the screen, never the menu or the navigation: cause, one thing to do, a button that does it, a stable code. */
export function ErrorPage({ code, title, mark = 'failed', cause, command, meanwhile, children }: ErrorPageProps) {
  return (
    <section className="error-page" data-testid="error-page" data-state={code}>
      <div role="alert" className="error-page__words">
        <h1 tabIndex={-1} className="error-page__title" data-testid="error-title">
          <StatusMark kind={mark} />
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
