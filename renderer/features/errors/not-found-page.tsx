import { useWords } from '../../state/services.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/panels.tsx';

/** An address that leads nowhere. */
export function NotFoundPage() {
  const { text } = useWords();
  return (
    <>
      <h1 tabIndex={-1} className="visually-hidden">
        {text.errors.notFound.title}
      </h1>
      <EmptyState text={text.errors.notFound.title}>
        <ButtonLink kind="filled" href="#/" testId="error-action">
          {text.errors.notFound.action}
        </ButtonLink>
      </EmptyState>
    </>
  );
}
