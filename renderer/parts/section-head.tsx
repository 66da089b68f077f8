import './section-head.css';
import type { ReactNode } from 'react';
import { useWords } from '../state/services.ts';

export interface SectionHeadProps {
  /** For `aria-labelledby` of what follows. */
  readonly id: string;
  readonly title: string;
  readonly count?: number;
  /** Nothing is below: the title says it all. */
  readonly isQuiet?: boolean;
  readonly children?: ReactNode;
}

/** Head of a section: its name, how many, what can be done. */
export function SectionHead({ id, title, count, isQuiet = false, children }: SectionHeadProps) {
  const { number } = useWords();
  return (
    <div className={isQuiet ? 'section-head section-head--quiet' : 'section-head'}>
      <h2 id={id}>
        {title}
        {count === undefined ? null : <span className="section-head__count"> {number(count)}</span>}
      </h2>
      {children}
    </div>
  );
}
