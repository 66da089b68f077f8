import type { LiveState } from './live-store.ts';

/** What the first line of every surface says. */
export type StatusId =
  | 'connecting'
  | 'running'
  | 'starting'
  | 'paused'
  | 'draining'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'attention'
  | 'reconnecting'
  | 'not-answering'
  | 'signed-out';

/** The daemon's word, never what was clicked. The first that fits wins. */
export function statusOf({ connection, model }: LiveState): StatusId {
  if (connection.state === 'signed-out') return 'signed-out';
  if (connection.state === 'lost') return connection.isRefused ? 'not-answering' : 'reconnecting';
  if (model === undefined) return 'connecting';
  const { state, isPaused } = model.daemon;
  if (state === 'starting' || state === 'draining') return state;
  if (isPaused) return 'paused';
  if (model.problems.some(({ severity }) => severity === 'error')) return 'attention';
  return 'running';
}

/** A short break is a banner over the last picture; one that lasts is a page. Within a second, as a person would notice. */
export const patienceBeforeDownMs = 800;

/** What stands in place of a screen. `loading` only before anything is known. */
export type Cover = 'none' | 'loading' | 'daemon-down' | 'signed-out';

export function coverOf({ connection, model }: LiveState, nowMs: number): Cover {
  switch (connection.state) {
    case 'signed-out':
      return 'signed-out';
    case 'lost': {
      const isPatient = !connection.isRefused || nowMs - connection.since < patienceBeforeDownMs;
      if (!isPatient) return 'daemon-down';
      return model === undefined ? 'loading' : 'none';
    }
    case 'connecting':
      return model === undefined ? 'loading' : 'none';
    case 'live':
      return 'none';
  }
}
