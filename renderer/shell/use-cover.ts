import { useEffect, useState } from 'react';
import { useLive } from '../state/services.ts';
import { type Cover, coverOf, patienceBeforeDownMs } from '../state/status.ts';

/** What stands in place of a screen; looks again when the patience with a lost feed is over. */
export function useCover(): Cover {
  const [now, setNow] = useState(Date.now);
  const lostSince = useLive(({ connection }) => (connection.state === 'lost' ? connection.since : undefined));
  useEffect(() => {
    if (lostSince === undefined) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), Math.max(0, lostSince + patienceBeforeDownMs - Date.now()));
    return () => clearTimeout(timer);
  }, [lostSince]);
  return useLive((state) => coverOf(state, now));
}
