import { CommandLine } from '../../parts/command-line.tsx';
import { useLive, useServices, useTicking, useWords } from '../../state/services.ts';
import { useTray } from '../../state/use-tray.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorPage } from './error-page.tsx';
import { OwnedDaemonPage } from './owned-daemon-page.tsx';
import { ReportButton } from './report-button.tsx';
import { useRecheck } from './use-recheck.ts';

const code = 'DAEMON_UNAVAILABLE';

/** Nobody answers. It leaves by itself when the daemon is back. */
export function DaemonDownPage() {
  const { tray, state } = useTray();
  useRecheck();
  return tray === undefined ? <ForeignDaemonPage /> : <OwnedDaemonPage tray={tray} state={state} />;
}

/** In a browser: only a person at that machine can start it. */
function ForeignDaemonPage() {
  const words = useWords();
  const { retryFeed } = useServices();
  const { errors } = words.text;
  const lastHeard = useLive(({ model }) => model?.takenAt);
  const heardAgo = useTicking((now) => (lastHeard === undefined ? '' : words.ago(now - lastHeard)));
  return (
    <ErrorPage
      code={code}
      title={errors.daemonDown.title}
      cause={errors.daemonDown.cause}
      command={<CommandLine command={errors.daemonDown.command} name={errors.daemonDown.commandName} what="command" />}
      meanwhile={heardAgo === '' ? undefined : words.fill(errors.daemonDown.lastHeard, { ago: heardAgo })}
    >
      <Button kind="filled" testId="error-action" data-arrival onClick={retryFeed}>
        {errors.checkAgain}
      </Button>
      <ReportButton code={code} />
    </ErrorPage>
  );
}
