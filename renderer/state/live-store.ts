import { createStore } from 'zustand/vanilla';
import type { Model } from './model.ts';

/**
 * `connecting`: nothing is known yet. `live`: what is shown is true. `lost`: the last picture, `since` when (epoch
 * milliseconds of this computer); `isRefused` when somebody tried and nobody answered. `signed-out`: a sign-in is needed.
 */
export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'lost'; readonly since: number; readonly isRefused: boolean }
  | { readonly state: 'signed-out' };

export interface LiveState {
  readonly connection: Connection;
  readonly model: Model | undefined;
}

export function createLiveStore() {
  return createStore<LiveState>()(() => ({ connection: { state: 'connecting' }, model: undefined }));
}
export type LiveStore = ReturnType<typeof createLiveStore>;
