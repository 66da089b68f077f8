import { SessionsSection } from '../../parts/sessions-section.tsx';
import { useWords } from '../../state/services.ts';
import { useLayout } from '../../state/use-layout.ts';

/** The sessions on a page of their own. */
export function SessionsPage() {
  const { text } = useWords();
  const isWide = useLayout() !== 'small';
  return (
    <>
      <h1 tabIndex={-1} className="visually-hidden">
        {text.session.sessions}
      </h1>
      <SessionsSection isTable={isWide} />
    </>
  );
}
