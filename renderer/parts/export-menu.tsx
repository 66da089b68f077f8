import { useState } from 'react';
import type { ExportQuery, HistoryFilter } from '../../protocol/history.ts';
import { exportFileName } from '../state/export-name.ts';
import { useIsStale, useServices } from '../state/services.ts';
import { describeFailure } from '../strings/failure.ts';
import { Menu } from '../ui/menu.tsx';
import { fetchAndSave } from './save-file.ts';

/** Saves every call of a filter. The file is named after the filter and comes whole from the daemon. */
export function ExportMenu({ filter }: { readonly filter: HistoryFilter }) {
  const { client, host, clock, notices, words } = useServices();
  const isStale = useIsStale();
  const [hasArguments, setArguments] = useState(false);
  const [isRunning, setRunning] = useState(false);
  const { export: text } = words.text.activity;

  async function save(format: ExportQuery['format']): Promise<void> {
    setRunning(true);
    const file = exportFileName(filter, format, clock.now());
    const query = { ...filter, format, ...(hasArguments ? { arguments: 'true' } : {}) };
    const answer = await fetchAndSave(host, client.file('historyExport', { query }), file);
    setRunning(false);
    const told =
      answer.state === 'ok'
        ? words.fill(text.done, { file })
        : words.fill(words.text.shell.actionFailed, {
            action: text.menu,
            reason: describeFailure(answer.failure, words),
          });
    notices.getState().showToast(told);
  }

  const isEnabled = !isStale && !isRunning;
  return (
    <Menu
      testId="export-menu"
      label={text.title}
      icon="download"
      text={isRunning ? text.running : text.menu}
      isExport
      items={[
        { id: 'export-csv', testId: 'export-csv', label: text.csv, isEnabled, run: () => void save('csv') },
        { id: 'export-json', testId: 'export-json', label: text.json, isEnabled, run: () => void save('json') },
        {
          id: 'export-arguments',
          label: text.withArguments,
          isEnabled,
          isChecked: hasArguments,
          isKeptOpen: true,
          run: () => setArguments((before) => !before),
        },
      ]}
    />
  );
}
