import { type LogLine, type LogSource, logLevels } from '../../../protocol/logs.ts';
import { hrefOf } from '../../state/router.ts';
import { useModel, useServices } from '../../state/services.ts';
import { IconButton } from '../../ui/button.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { groupSources } from './log-sources.ts';
import type { LogFind } from './use-log-find.ts';

interface LogControlsProps {
  readonly source: string;
  readonly sources: readonly LogSource[];
  readonly level: NonNullable<LogLine['level']>;
  readonly find: LogFind;
  readonly onLevel: (level: NonNullable<LogLine['level']>) => void;
  readonly onStep: (direction: 1 | -1) => void;
}

/** Which log, from which level on, and what is looked for. */
export function LogControls({ source, sources, level, find, onLevel, onStep }: LogControlsProps) {
  const { router, words } = useServices();
  const { logs } = words.text;
  const sessions = useModel((model) => model.sessions);
  const groups = groupSources(sources, sessions?.values() ?? [], source, words);
  return (
    <search className="logs__controls" aria-label={logs.title}>
      <SelectField
        testId="log-source"
        label={logs.source}
        value={source}
        options={[
          ...groups.daemon.map(({ id, label }) => ({ value: id, label, group: logs.group.daemon })),
          ...groups.shims.map(({ id, label }) => ({ value: id, label, group: logs.group.shims })),
        ]}
        onChange={(id) => router.go(hrefOf(['logs', id]))}
      />
      <SelectField
        testId="log-level"
        label={logs.level}
        value={level === 'debug' ? '' : level}
        options={logLevels.map((value) => ({ value: value === 'debug' ? '' : value, label: logs.levels[value] }))}
        onChange={(value) => onLevel(logLevels.find((known) => known === value) ?? 'debug')}
      />
      <div className="logs__find">
        <SearchField
          testId="log-find"
          label={logs.find}
          value={find.text}
          onChange={find.setText}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || find.total === 0) return;
            event.preventDefault();
            onStep(event.shiftKey ? 1 : -1);
          }}
        >
          {find.text === '' ? null : (
            <>
              <span className="logs__found" role="status" data-testid="log-found">
                {find.total === 0 ? logs.foundNone : words.fill(logs.found, { at: find.at, total: find.total })}
              </span>
              <IconButton icon="up" label={logs.previous} disabled={find.total === 0} onClick={() => onStep(-1)} />
              <IconButton icon="arrow-down" label={logs.next} disabled={find.total === 0} onClick={() => onStep(1)} />
            </>
          )}
        </SearchField>
      </div>
    </search>
  );
}
