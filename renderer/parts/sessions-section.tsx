import { useId, useState } from 'react';
import { useSessionFilter } from '../state/filter.ts';
import { useRouter, useWords } from '../state/services.ts';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/panels.tsx';
import { AddInstance } from './add-instance.tsx';
import { SectionHead } from './section-head.tsx';
import { SessionList, useFilteredSessions } from './session-list.tsx';

/** The sessions with their head: how many, and how to get another one. */
export function SessionsSection({ isTable }: { readonly isTable: boolean }) {
  const { text } = useWords();
  const router = useRouter();
  const count = useFilteredSessions().length;
  const { session, instance } = useSessionFilter();
  const [isAdding, setAdding] = useState(false);
  const headId = useId();
  const panelId = useId();
  const isFiltered = session !== undefined || instance !== undefined;
  const empty = isFiltered ? (
    <EmptyState text={text.overview.noMatch}>
      <Button kind="outlined" onClick={() => router.setQuery({ session: undefined, instance: undefined })}>
        {text.overview.clearFilter}
      </Button>
    </EmptyState>
  ) : (
    <EmptyState text={text.overview.empty}>
      <div data-testid="instance-add">
        <AddInstance />
      </div>
    </EmptyState>
  );
  const isEmpty = count === 0 && !isFiltered;
  return (
    <section>
      <SectionHead id={headId} title={text.overview.sessions} count={count}>
        {isEmpty ? null : (
          <Button
            icon="plus"
            testId="instance-add"
            data-add
            aria-expanded={isAdding}
            aria-controls={panelId}
            onClick={() => setAdding((before) => !before)}
          >
            {isTable ? text.overview.addInstance : text.common.add}
          </Button>
        )}
      </SectionHead>
      <div id={panelId} hidden={!isAdding || isEmpty} className="add-instance-panel">
        <AddInstance />
      </div>
      <SessionList labelledBy={headId} isTable={isTable} empty={empty} />
    </section>
  );
}
