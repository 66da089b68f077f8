import './overview-page.css';
import { type ReactNode, useId } from 'react';
import { CallList, useCallIds } from '../../parts/call-list.tsx';
import { CapacityBars } from '../../parts/capacity.tsx';
import { ProblemStrip } from '../../parts/problem-strip.tsx';
import { SectionHead } from '../../parts/section-head.tsx';
import { SessionsSection } from '../../parts/sessions-section.tsx';
import { TokenLine } from '../../parts/token-line.tsx';
import { useSessionFilter } from '../../state/filter.ts';
import { useWords } from '../../state/services.ts';
import { useLayout } from '../../state/use-layout.ts';
import { Endpoint } from './endpoint.tsx';
import { SavingsLine } from './savings-line.tsx';

/** What is going on now. `charts`: what the wide layout shows between the problem and the tables. */
export function OverviewPage({ charts }: { readonly charts?: ReactNode }) {
  const { text } = useWords();
  const isWide = useLayout() !== 'small';
  return (
    <div className={isWide ? 'overview overview--wide' : 'overview'} data-testid={isWide ? 'dashboard' : 'overview'}>
      <h1 tabIndex={-1} className="visually-hidden">
        {text.overview.title}
      </h1>
      <SavingsLine />
      <ProblemStrip />
      {isWide ? charts : null}
      <SessionsSection isTable={isWide} />
      <RunningSection isTable={isWide} />
      {isWide ? (
        <div className="overview__endpoint">
          <Endpoint />
        </div>
      ) : (
        <>
          <section className="overview__capacity">
            <CapacityBars />
          </section>
          <div className="overview__foot">
            <Endpoint />
            <TokenLine />
          </div>
        </>
      )}
    </div>
  );
}

function RunningSection({ isTable }: { readonly isTable: boolean }) {
  const { text } = useWords();
  const headId = useId();
  const { session } = useSessionFilter();
  const count = useCallIds(session).length;
  return (
    <section>
      {count === 0 ? (
        <SectionHead id={headId} title={text.overview.nothingRunning} isQuiet />
      ) : (
        <SectionHead id={headId} title={text.overview.nowRunning} count={count} />
      )}
      <CallList labelledBy={headId} isTable={isTable} session={session} empty={null} hasOwner />
    </section>
  );
}
