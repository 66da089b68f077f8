import { useEffect } from 'react';
import type { HostCommand, HostState } from '../../../protocol/host-bridge.ts';
import type { TrayHost } from '../../host/host.ts';
import { useServices, useTicking, useWords } from '../../state/services.ts';
import { Button } from '../../ui/button.tsx';
import { Skeleton } from '../../ui/panels.tsx';
import { ErrorPage } from './error-page.tsx';
import { ReportButton } from './report-button.tsx';

interface OwnedDaemonPageProps {
  readonly tray: TrayHost;
  /** Undefined until the app has told. */
  readonly state: HostState | undefined;
}

/** The daemon is not up, and this window belongs to the app that owns it: why, and the button that cures it. */
export function OwnedDaemonPage({ tray, state }: OwnedDaemonPageProps) {
  const words = useWords();
  const { text } = words;
  const { retryFeed } = useServices();
  const isUp = state?.supervisor.state === 'ready';
  useEffect(() => {
    if (isUp) retryFeed(); // it is told before the pause between two looks is over
  }, [isUp, retryFeed]);
  const nextTryAt = state?.supervisor.nextTryAt ?? null;
  const nextTry = useTicking((now) =>
    nextTryAt === null ? '' : words.fill(text.errors.nextTry, { seconds: Math.max(0, Math.ceil(nextTryAt - now)) }),
  );
  if (state === undefined || state.supervisor.state === 'starting' || state.supervisor.state === 'stopping') {
    return <Skeleton />;
  }
  const { supervisor } = state;
  const { problem } = supervisor;
  const next = problem?.code === 'PORT_IN_USE' ? Number(problem.params['next']) : 0;
  // As text: ports and process ids are names, and no figures with separators.
  const params = Object.fromEntries(
    Object.entries(problem?.params ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const sentences = problem === null ? undefined : text.tray.problems[problem.code];
  const run = (command: HostCommand) => () => void tray.ask('command', command);
  return (
    <ErrorPage
      code={problem?.code ?? 'DAEMON_STOPPED'}
      title={sentences === undefined ? text.tray.window.stopped : words.fill(sentences.title, params)}
      mark={problem === null ? 'off' : 'failed'}
      cause={sentences === undefined ? text.tray.window.stoppedCause : words.fill(sentences.cause, params)}
      meanwhile={nextTry === '' ? undefined : nextTry}
    >
      {next > 0 ? (
        <Button kind="filled" testId="error-action" data-arrival onClick={run({ type: 'use-next-port' })}>
          {words.fill(text.tray.menu.usePort, { port: String(next) })}
        </Button>
      ) : (
        <Button kind="filled" testId="error-action" data-arrival onClick={run({ type: 'start' })}>
          {text.tray.window.start}
        </Button>
      )}
      <ReportButton code={problem?.code ?? 'DAEMON_STOPPED'} />
      {problem === null || problem.stderrTail.length === 0 ? null : (
        <pre className="error-page__lines" data-testid="error-lines" dir="ltr" tabIndex={0}>
          {problem.stderrTail.join('\n')}
        </pre>
      )}
    </ErrorPage>
  );
}
