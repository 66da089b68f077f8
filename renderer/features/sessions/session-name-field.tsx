import { useState } from 'react';
import type { SessionView } from '../../../protocol/snapshot.ts';
import { useClient, useWords } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';

const longestName = 64;

/** Renames in place: Enter or leaving keeps, Esc reverts, empty takes the name away. */
export function SessionNameField({
  session,
  onClose,
}: {
  readonly session: SessionView;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const client = useClient();
  const [name, setName] = useState(session.name);
  const [error, setError] = useState<string>();

  async function keep(): Promise<void> {
    if (name.trim() === session.name) return onClose();
    const answer = await client.json('renameSession', { params: { sessionId: session.key }, body: { name } });
    if (answer.state === 'failed') setError(describeFailure(answer.failure, words));
    else onClose();
  }

  return (
    <div className="session-page__rename">
      <input
        autoFocus
        aria-label={words.text.session.renameLabel}
        aria-invalid={error !== undefined}
        data-testid="session-rename"
        maxLength={longestName}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onBlur={() => void keep()}
        onKeyDown={(event) => {
          if (event.key === 'Enter') void keep();
          if (event.key !== 'Escape') return;
          event.preventDefault();
          onClose();
        }}
      />
      {error === undefined ? null : <p className="session-page__error">{error}</p>}
    </div>
  );
}
