import type { AdminClient, Answer } from './admin-client.ts';

const storageKey = 'exai.request-key';

/** Where the key of the sign-in is kept. All tabs of this origin share it, as they share the cookie. */
export interface RequestKeyStore {
  readonly read: () => string | undefined;
  readonly write: (key: string) => void;
  readonly forget: () => void;
}

export function createRequestKeyStore(storage: Storage): RequestKeyStore {
  return {
    read: () => storage.getItem(storageKey) ?? undefined,
    write: (key) => storage.setItem(storageKey, key),
    forget: () => storage.removeItem(storageKey),
  };
}

/**
 * The one-time ticket of `#ticket=…`, taken out of the address at once: it must not stay in the history, in a bookmark or
 * in a screenshot, whether or not it works. What else the fragment holds stays.
 */
export function takeTicket(location: Location, history: History): string | undefined {
  const [, ticket] = /[#?&]ticket=([^&]*)/.exec(location.hash) ?? [];
  if (ticket === undefined) return undefined;
  const left = location.hash
    .slice(1)
    .replace(/(^|[?&])ticket=[^&]*&?/, '$1')
    .replace(/[?&]$/, '');
  const fragment = left === '' ? '' : left.startsWith('/') ? `#${left}` : `#?${left}`;
  history.replaceState(history.state, '', `${location.pathname}${location.search}${fragment}`);
  try {
    return decodeURIComponent(ticket);
  } catch {
    return ticket; // Not encoded; the daemon says whether it is one.
  }
}

/** Exchanges a ticket for the cookie and its key. */
export async function signIn(client: AdminClient, keys: RequestKeyStore, ticket: string): Promise<Answer<undefined>> {
  const answer = await client.json('signIn', { body: { ticket } });
  if (answer.state === 'failed') return answer;
  keys.write(answer.value.requestKey);
  return { state: 'ok', value: undefined };
}
