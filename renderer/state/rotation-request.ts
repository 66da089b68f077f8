import { createStore } from 'zustand/vanilla';
import type { AdminClient, ApiFailure } from '../api/admin-client.ts';

/**
 * The rotation this page has asked for. `asked`: the click itself, drawn before any answer; it ends when the daemon has
 * answered, and from then on the feed tells.
 */
export type RotationRequest =
  | { readonly state: 'idle' }
  | { readonly state: 'asked'; readonly fromGeneration: number }
  | { readonly state: 'failed'; readonly failure: ApiFailure };

interface RotationState {
  readonly request: RotationRequest;
  /** A second click within a running rotation joins it. */
  readonly rotate: (fromGeneration: number) => Promise<void>;
}

export function createRotationStore(client: Pick<AdminClient, 'json'>) {
  return createStore<RotationState>()((set, get) => ({
    request: { state: 'idle' },
    async rotate(fromGeneration) {
      if (get().request.state === 'asked') return;
      set({ request: { state: 'asked', fromGeneration } });
      const answer = await client.json('rotateToken', { body: { reconnect: true } });
      set({ request: answer.state === 'ok' ? { state: 'idle' } : { state: 'failed', failure: answer.failure } });
    },
  }));
}
export type RotationStore = ReturnType<typeof createRotationStore>;
