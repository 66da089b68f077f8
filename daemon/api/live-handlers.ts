import type { AdminResponse } from '../../protocol/admin-api.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Dispatcher } from '../calls/dispatcher.ts';
import type { LiveView } from '../observe/live-view.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionControl } from '../sessions/session-control.ts';
import type { AdminHandlers } from './admin-handler.ts';
import { streamEvents } from './events-stream.ts';

export interface LiveSources {
  readonly live: LiveView;
  readonly control: SessionControl;
  readonly dispatcher: Pick<Dispatcher, 'inflight' | 'setPaused'>;
  readonly authenticator: Pick<Authenticator, 'rotateAsAdmin'>;
  /** What the row `token` answers. */
  readonly tokenStatus: () => AdminResponse<'token'>;
  /** Begins the end of this daemon. Undefined: as long as the settings say. */
  readonly stop: (waitMs: number | undefined) => void;
}

type LiveRoute =
  | 'snapshot'
  | 'events'
  | 'session'
  | 'renameSession'
  | 'disconnectSession'
  | 'reconnectSession'
  | 'calls'
  | 'cancelCall'
  | 'capacity'
  | 'instances'
  | 'pause'
  | 'unpause'
  | 'stopDaemon'
  | 'rotateToken';

/** The rows of the admin route table about what is true now, and those that change it. */
export function liveHandlers(sources: LiveSources): Pick<AdminHandlers, LiveRoute> {
  const { live, control, dispatcher, authenticator } = sources;
  const viewOf = (session: Session): SessionView => {
    const view = live.session(session);
    if (view === undefined) throw new FailureError({ code: 'NOT_FOUND', message: 'There is no such session.' });
    return view;
  };
  const setPaused = (isPaused: boolean): void => {
    dispatcher.setPaused(isPaused);
    live.changed();
  };
  return {
    snapshot: () => live.snapshot(),
    events: (_input, exchange) => streamEvents(live, exchange),
    session: ({ params }) => {
      const session = control.find(params.sessionId);
      return { session: viewOf(session), calls: live.calls(session.key) };
    },
    renameSession: ({ params, body }) => {
      const session = control.rename(params.sessionId, body.name);
      live.changed();
      return viewOf(session);
    },
    disconnectSession: ({ params }) => control.disconnect(params.sessionId),
    reconnectSession: ({ params }) => control.reconnect(params.sessionId),
    calls: () => ({ calls: live.calls() }),
    cancelCall: ({ params }) => {
      if (dispatcher.inflight.cancel(params.callId)) return;
      throw new FailureError({ code: 'NOT_FOUND', message: 'This call has ended, or is ending already.' });
    },
    capacity: () => live.caps(),
    instances: () => ({ instances: live.instances() }),
    pause: () => setPaused(true),
    unpause: () => setPaused(false),
    // Answered in this very turn; the daemon closes its listeners some turns later at the earliest.
    stopDaemon: ({ body }) => sources.stop(body.waitMs),
    rotateToken: async ({ body }) => {
      await authenticator.rotateAsAdmin();
      // Only now: the token is stored, and who reconnects reads the new one.
      if (body.reconnect) control.reconnectFollowers();
      return sources.tokenStatus();
    },
  };
}
