import { useCallback, useEffect, useRef, useState } from 'react';
import type { Answer, ApiFailure } from '../api/admin-client.ts';

/**
 * A click that shows its result before the daemon has confirmed it. `pending`: shown dimmed as expected. `unanswered`: no
 * word for 3 s, so the true state is shown again. `failed`: the daemon refused.
 */
export type ActionState =
  | { readonly state: 'idle' | 'pending' | 'unanswered' | 'done' }
  | { readonly state: 'failed'; readonly failure: ApiFailure };

export interface Action {
  readonly now: ActionState;
  readonly start: () => void;
  readonly reset: () => void;
}

const patienceMs = 3_000;

/** `isConfirmed`: the feed shows what was expected, so nothing is pending any more. */
export function useAction(run: () => Promise<Answer<unknown>>, isConfirmed = false): Action {
  const [now, setNow] = useState<ActionState>({ state: 'idle' });
  const attempt = useRef(0);

  const start = useCallback(() => {
    const mine = ++attempt.current;
    setNow({ state: 'pending' });
    void run().then((answer) => {
      if (attempt.current !== mine) return;
      setNow(answer.state === 'failed' ? answer : { state: 'done' });
    });
  }, [run]);
  const reset = useCallback(() => {
    attempt.current += 1;
    setNow({ state: 'idle' });
  }, []);

  const isWaiting = now.state === 'pending' && !isConfirmed;
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setTimeout(() => setNow({ state: 'unanswered' }), patienceMs);
    return () => clearTimeout(timer);
  }, [isWaiting]);

  return { now: isConfirmed && now.state === 'pending' ? { state: 'done' } : now, start, reset };
}
