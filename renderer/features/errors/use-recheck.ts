import { useEffect } from 'react';
import { useServices } from '../../state/services.ts';

const everyMs = 3_000;

/** Looks again every 3 s while an error page is open, faster than the feed's own pauses grow. */
export function useRecheck(): void {
  const { retryFeed } = useServices();
  useEffect(() => {
    const timer = setInterval(retryFeed, everyMs);
    return () => clearInterval(timer);
  }, [retryFeed]);
}
