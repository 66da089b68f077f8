import { useServices } from '../../state/services.ts';
import { CopyButton } from '../../ui/copy-button.tsx';

/** Copies what helps to understand the problem: states and versions, nothing a person typed and no secret. */
export function ReportButton({ code, detail }: { readonly code: string; readonly detail?: string }) {
  const { live, words } = useServices();
  function report(): string {
    const { connection, model } = live.getState();
    return JSON.stringify(
      {
        code,
        ...(detail === undefined ? {} : { detail }),
        at: new Date().toISOString(),
        connection: connection.state,
        daemon:
          model === undefined
            ? null
            : { version: model.daemon.version, state: model.daemon.state, pid: model.daemon.pid },
        totals: model?.totals ?? null,
        problems: model?.problems.map((problem) => problem.code) ?? [],
        userAgent: navigator.userAgent,
      },
      undefined,
      2,
    );
  }
  return (
    <CopyButton
      what="report"
      testId="error-copy"
      name={words.text.errors.copyReport}
      label={words.text.errors.copyReport}
      text={report}
    />
  );
}
