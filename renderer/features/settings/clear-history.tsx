import { useEffect, useState } from 'react';
import { fetchAndSave } from '../../parts/save-file.ts';
import { exportFileName } from '../../state/export-name.ts';
import { useCanAct, useModel, useServices } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SettingShell } from './setting-row.tsx';

/** How many finished calls are kept, and the way to forget them. */
export function ClearHistory() {
  const { client, clock, host, notices, words } = useServices();
  const { text, plural } = words;
  const canAct = useCanAct();
  const hasHistory = useModel(({ daemon }) => daemon.store !== 'none') ?? true;
  const [total, setTotal] = useState<number>();
  const [looked, setLooked] = useState(0);
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<string>();
  const { history } = text.settings;

  useEffect(() => {
    if (!hasHistory) return undefined;
    const controller = new AbortController();
    void client.json('history', { query: { limit: 1 } }, controller.signal).then((answer) => {
      if (answer.state === 'ok' && !controller.signal.aborted) setTotal(answer.value.total);
    });
    return () => controller.abort();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `looked` is not read, it says when to look again
  }, [client, hasHistory, looked]);

  function ask(): void {
    setLooked((before) => before + 1);
    setAsking(true);
  }

  async function clear(): Promise<void> {
    setAsking(false);
    const answer = await client.json('clearHistory', { query: {} });
    setError(answer.state === 'failed' ? describeFailure(answer.failure, words) : undefined);
    if (answer.state === 'failed') return;
    setLooked((before) => before + 1);
    notices.getState().showToast(plural(history.cleared, answer.value.deleted));
  }

  async function exportFirst(): Promise<void> {
    const file = exportFileName({}, 'csv', clock.now());
    const answer = await fetchAndSave(host, client.file('historyExport', { query: { format: 'csv' } }), file);
    setError(answer.state === 'failed' ? describeFailure(answer.failure, words) : undefined);
  }

  return (
    <>
      <SettingShell
        id="history-kept"
        state={hasHistory ? 'kept' : 'none'}
        label={history.name}
        note={hasHistory ? (total === undefined ? undefined : plural(history.count, total)) : history.none}
        below={
          error === undefined ? undefined : (
            <p className="setting__error" role="alert" data-testid="setting-error">
              {error}
            </p>
          )
        }
      >
        {hasHistory ? (
          <Button testId="history-clear" disabled={!canAct || (total ?? 0) === 0} onClick={ask}>
            {history.clear}
          </Button>
        ) : null}
      </SettingShell>
      {isAsking ? (
        <Dialog
          title={plural(history.clearTitle, total ?? 0)}
          onCancel={() => setAsking(false)}
          choices={[
            { id: 'cancel', label: text.common.cancel, kind: 'outlined', run: () => setAsking(false) },
            { id: 'export', label: history.exportFirst, kind: 'outlined', run: () => void exportFirst() },
            { id: 'clear', label: history.clearChoice, kind: 'danger', run: () => void clear() },
          ]}
        >
          <p>{history.clearBody}</p>
        </Dialog>
      ) : null}
    </>
  );
}
