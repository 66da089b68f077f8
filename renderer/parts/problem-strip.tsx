import './problem-strip.css';
import { useId, useState } from 'react';
import type { ProblemView } from '../../protocol/snapshot.ts';
import { describeProblem } from '../state/problems.ts';
import { useModel, useWords } from '../state/services.ts';
import { ButtonLink } from '../ui/button.tsx';
import { Icon } from '../ui/icons.tsx';
import { StatusMark } from '../ui/status-mark.tsx';

/** Where the two buttons of a problem lead. */
const places: Readonly<Record<ProblemView['code'], { readonly action: string; readonly second: string }>> = {
  OVER_CAPACITY: { action: '#/settings', second: '#/activity?outcome=refused' },
  UNAUTHORIZED: { action: '#/rotation', second: '#/logs/daemon' },
  DISK_FULL: { action: '#/logs/daemon', second: '' },
  STORE_UNREACHABLE: { action: '#/logs/daemon', second: '' },
  LOG_UNWRITABLE: { action: '#/logs/daemon', second: '' },
  JOURNAL_FAILED: { action: '#/logs/daemon', second: '' },
  PROMPT_PENDING: { action: '#/sessions', second: '' },
};

/** The first problem in one line; unfolded, all of them with their cures. Gone when cured. */
export function ProblemStrip() {
  const words = useWords();
  const problems = useModel((model) => model.problems) ?? [];
  const caps = useModel((model) => model.caps);
  const [isOpen, setOpen] = useState(false);
  const listId = useId();
  const [first, ...others] = problems;
  if (first === undefined || caps === undefined) return null;
  return (
    <section className="problem-strip" data-testid="problem-strip" data-id={first.problemId} data-state={first.code}>
      <button
        type="button"
        className={`problem-strip__head problem-strip__head--${first.severity}`}
        aria-expanded={isOpen}
        aria-controls={listId}
        title={words.text.errors.showProblems}
        onClick={() => setOpen((before) => !before)}
      >
        <StatusMark kind={first.severity === 'error' ? 'failed' : 'attention'} />
        <span className="problem-strip__title truncate">{describeProblem(first, caps, words).title}</span>
        {others.length === 0 ? null : (
          <span className="problem-strip__more">{words.plural(words.text.errors.moreProblems, others.length)}</span>
        )}
        <Icon name={isOpen ? 'down' : 'chevron'} />
      </button>
      <ul id={listId} className="problem-strip__list" hidden={!isOpen}>
        {problems.map((problem) => (
          <ProblemItem key={problem.problemId} problem={problem} isFirst={problem === first} />
        ))}
      </ul>
    </section>
  );
}

function ProblemItem({ problem, isFirst }: { readonly problem: ProblemView; readonly isFirst: boolean }) {
  const words = useWords();
  const caps = useModel((model) => model.caps);
  if (caps === undefined) return null;
  const { title, cause, cure, action, second } = describeProblem(problem, caps, words);
  const place = places[problem.code];
  return (
    <li className="problem-strip__item" data-id={problem.problemId} data-state={problem.code}>
      {/* The first one's title is the line that was unfolded. */}
      {isFirst ? null : <p className="problem-strip__item-title">{title}</p>}
      <p>{[cause, cure].filter((sentence) => sentence !== '').join(' ')}</p>
      <div className="problem-strip__actions">
        <ButtonLink href={place.action} testId="error-action">
          {action}
        </ButtonLink>
        {second === '' ? null : <ButtonLink href={place.second}>{second}</ButtonLink>}
        <span className="problem-strip__code mono">{problem.code}</span>
      </div>
    </li>
  );
}
