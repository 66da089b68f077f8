import { useAddress } from './services.ts';

/** Which sessions tables, charts and export speak of. The address is the filter; nothing else holds it. */
export interface SessionFilter {
  readonly session: string | undefined;
  readonly instance: string | undefined;
}

export function useSessionFilter(): SessionFilter {
  const { query } = useAddress();
  return { session: query.get('session') ?? undefined, instance: query.get('instance') ?? undefined };
}
