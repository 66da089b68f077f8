import { FailureError } from '../../protocol/errors.ts';
import type { UiSessions } from '../auth/ui-sessions.ts';
import { ticketLifeMs, type UiTickets } from '../auth/ui-tickets.ts';
import type { AdminHandlers } from './admin-handler.ts';
import { isHttps, uiCookies } from './browser-request.ts';

export interface UiHandlersOptions {
  readonly tickets: UiTickets;
  readonly uiSessions: UiSessions;
  readonly cookieName: string;
  readonly trustProxy: boolean;
  /** Address of the dashboard, with a `/` at its end; null while nothing listens that a browser can reach. */
  dashboardUrl(): string | null;
}

/** How a browser gets in and out. */
export function uiHandlers(options: UiHandlersOptions): Pick<AdminHandlers, 'makeTicket' | 'signIn' | 'signOut'> {
  const { tickets, uiSessions, cookieName, trustProxy } = options;
  return {
    makeTicket: () => {
      const ticket = tickets.make();
      const address = options.dashboardUrl();
      return {
        ticket,
        // In the fragment, which no browser sends: neither our log nor a proxy's ever sees it.
        url: address === null ? null : `${address}#ticket=${ticket}`,
        expiresAt: (Date.now() + ticketLifeMs) / 1000,
      };
    },
    signIn: ({ body }, { request, response }) => {
      if (!tickets.consume(body.ticket)) {
        throw new FailureError({
          code: 'UNAUTHORIZED',
          message: 'This ticket is not valid. Each lets one browser in, within a minute.',
          hint: 'Open the dashboard again from the tray, or run: exai dashboard',
        });
      }
      const signedIn = uiSessions.signIn(uiCookies(request, cookieName));
      response.setHeader('Set-Cookie', cookie(cookieName, signedIn.cookie, isHttps(request, trustProxy)));
      return { requestKey: signedIn.requestKey };
    },
    signOut: (_input, { request, response, caller }) => {
      response.setHeader('Set-Cookie', `${cookie(cookieName, '', isHttps(request, trustProxy))}; Max-Age=0`);
      if (caller.type === 'browser') uiSessions.signOut(caller.session);
    },
  };
}

/** No Domain: this very host. Path: pages and files are sent without it. */
function cookie(name: string, value: string, isSecure: boolean): string {
  return `${name}=${value}; Path=/api; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
}
