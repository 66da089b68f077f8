import { Component, type ReactNode } from 'react';
import { useWords } from '../../state/services.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorPage } from './error-page.tsx';
import { ReportButton } from './report-button.tsx';

interface State {
  readonly error: Error | undefined;
}

/** A bug of ours: the page says so instead of going blank. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error === undefined ? this.props.children : <BrokenPage error={error} />;
  }
}

function BrokenPage({ error }: { readonly error: Error }) {
  const { text } = useWords();
  const { internal } = text.errors;
  return (
    <main>
      <ErrorPage code="INTERNAL_ERROR" title={internal.title} cause={internal.cause}>
        <Button kind="filled" testId="error-action" data-arrival onClick={() => window.location.reload()}>
          {internal.reload}
        </Button>
        <ReportButton code="INTERNAL_ERROR" detail={error.stack ?? error.message} />
      </ErrorPage>
    </main>
  );
}
