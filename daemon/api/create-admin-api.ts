import type { Logger } from '../../platform/json-logger.ts';
import type { AdminSecret } from '../auth/admin-secret.ts';
import { FailureThrottle } from '../auth/failure-throttle.ts';
import type { UiSessionStore } from '../auth/ui-session-file.ts';
import { UiSessions } from '../auth/ui-sessions.ts';
import { UiTickets } from '../auth/ui-tickets.ts';
import { AdminGate } from './admin-gate.ts';
import type { AdminHandlers } from './admin-handler.ts';
import { AdminApi } from './admin-routes.ts';
import { uiCookieName } from './browser-request.ts';
import { type UiHandlersOptions, uiHandlers } from './ui-handlers.ts';

type UiRoute = 'makeTicket' | 'signIn' | 'signOut';

export interface AdminApiParts {
  readonly handlers: Omit<AdminHandlers, UiRoute>;
  readonly adminSecret: AdminSecret;
  readonly stateDir: string;
  /** Absent: browsers are signed out with the end of the daemon. */
  readonly uiSessionStore?: UiSessionStore;
  readonly trustProxy: boolean;
  readonly stopping: AbortSignal;
  readonly logger: Logger;
  readonly dashboardUrl: UiHandlersOptions['dashboardUrl'];
  /** Monotonic, in milliseconds; of tickets and browser sessions. Only tests give one. */
  readonly now?: () => number;
}

/** The admin API with everything that decides who may use it. */
export function createAdminApi(parts: AdminApiParts): AdminApi {
  const { adminSecret, trustProxy, stopping, logger, dashboardUrl } = parts;
  const clock = parts.now === undefined ? {} : { now: parts.now };
  const tickets = new UiTickets(clock);
  const uiSessions = new UiSessions({
    ...clock,
    ...(parts.uiSessionStore === undefined ? {} : { store: parts.uiSessionStore }),
  });
  const cookieName = uiCookieName(parts.stateDir);
  const isAdminSecret = (candidate: string): boolean => adminSecret.matches(candidate);
  return new AdminApi({
    handlers: { ...parts.handlers, ...uiHandlers({ tickets, uiSessions, cookieName, trustProxy, dashboardUrl }) },
    gate: new AdminGate({ isAdminSecret, uiSessions, cookieName, trustProxy }),
    throttle: new FailureThrottle(clock),
    stopping,
    onFailure: (route, error) => logger.error('admin request failed', { route, error }),
    onChange: (change) => logger.info('admin action', { ...change }),
    onRefused: (address) => logger.warn('admin credential refused', { address }),
  });
}
