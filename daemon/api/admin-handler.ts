import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdminInput, AdminResponse, AdminRoute, JsonRoute } from '../../protocol/admin-api.ts';
import type { UiSession } from '../auth/ui-sessions.ts';

/** Who asks: the holder of the admin secret, a browser that a ticket let in, or (public rows only) somebody. */
export type AdminCaller =
  | { readonly type: 'secret' }
  | { readonly type: 'browser'; readonly session: UiSession }
  | { readonly type: 'nobody' };

/** Why an exchange is over: the reason of {@link AdminExchange.gone}. */
export type GoneReason = 'client-gone' | 'signed-out' | 'daemon-stopping';

/** The request behind an admin call, for handlers that write their answer themselves. */
export interface AdminExchange {
  readonly request: IncomingMessage;
  /** Routes that answer with a stream or a file write head and body; others leave it alone. */
  readonly response: ServerResponse;
  /**
   * Aborts when the client has gone, its browser session has ended, or the daemon stops. Its reason is a
   * {@link GoneReason}: except for `client-gone` there is time for a last line.
   */
  readonly gone: AbortSignal;
  readonly caller: AdminCaller;
}

/** What a row answers: a body for `json`, nothing for `empty`; streams and files are written to the response. */
type Answer<Route extends AdminRoute> = Route extends JsonRoute ? AdminResponse<Route> : void;

/**
 * One row of the admin API. The input has been parsed. An expected failure is thrown as `FailureError`; anything else is
 * logged and answered with INTERNAL_ERROR.
 */
export type AdminHandler<Route extends AdminRoute> = (
  input: AdminInput<Route>,
  exchange: AdminExchange,
) => Answer<Route> | Promise<Answer<Route>>;

export type AdminHandlers = { readonly [Route in AdminRoute]: AdminHandler<Route> };
