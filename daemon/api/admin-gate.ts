import type { IncomingMessage } from 'node:http';
import { type AdminRow, csrfHeader } from '../../protocol/admin-api.ts';
import { type Failure, FailureError } from '../../protocol/errors.ts';
import type { UiSessions } from '../auth/ui-sessions.ts';
import { headerValues } from '../listen/guards.ts';
import type { AdminCaller } from './admin-handler.ts';
import { foreignBrowser, uiCookies } from './browser-request.ts';

/** Nothing was shown that could be right or wrong: an answer to it tells nobody whether a guess was good. */
export class NoCredentialError extends FailureError {}

export interface AdminGateOptions {
  /** Constant time. */
  isAdminSecret(candidate: string): boolean;
  readonly uiSessions: UiSessions;
  readonly cookieName: string;
  /** `EXAI_WS_TRUST_PROXY`. */
  readonly trustProxy: boolean;
}

/**
 * Who may use the admin API. A token of a client never opens it. Loopback counts for nothing: every program and every web
 * page of this machine can reach us.
 */
export class AdminGate {
  readonly #options: AdminGateOptions;

  constructor(options: AdminGateOptions) {
    this.#options = options;
  }

  /**
   * @throws FailureError UNAUTHORIZED for a missing ({@link NoCredentialError}) or wrong credential, FORBIDDEN for what a
   * right one may not do
   */
  admit(access: AdminRow['access'], request: IncomingMessage): AdminCaller {
    if (access === 'public') {
      this.#requireOwnPage(request);
      return { type: 'nobody' };
    }
    // Whoever shows a bearer is judged by it alone: a wrong one is not made good by a cookie.
    if (request.headers.authorization !== undefined) return this.#admitBearer(request);
    const cookies = uiCookies(request, this.#options.cookieName);
    if (cookies.length === 0) throw new NoCredentialError(unknownCaller);
    const caller = this.#admitBrowser(request, cookies);
    if (access === 'secret') {
      throw new FailureError({ code: 'FORBIDDEN', message: 'Only the admin secret of this daemon may do this.' });
    }
    return caller;
  }

  #admitBearer(request: IncomingMessage): AdminCaller {
    const secret = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!this.#options.isAdminSecret(secret)) throw new FailureError(unknownCaller);
    if (isUnsafe(request)) requestKeyOf(request);
    return { type: 'secret' };
  }

  #admitBrowser(request: IncomingMessage, cookies: readonly string[]): AdminCaller {
    this.#requireOwnPage(request);
    // A page that was opened without a ticket has the cookie at most: it is signed out, which is no attack.
    if (!isUnsafe(request) && request.headers[csrfHeader] === undefined) throw new NoCredentialError(expired);
    const key = requestKeyOf(request);
    const sessions = cookies.map((cookie) => this.#options.uiSessions.find(cookie));
    const session = sessions.find((candidate) => candidate?.hasKey(key) === true);
    if (session === undefined) throw new FailureError(expired);
    return { type: 'browser', session };
  }

  #requireOwnPage(request: IncomingMessage): void {
    const reason = foreignBrowser(request, this.#options.trustProxy);
    if (reason !== undefined) throw new FailureError({ code: 'FORBIDDEN', message: reason });
  }
}

export function isUnsafe({ method }: IncomingMessage): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** The header that a form of a web page cannot set. */
function requestKeyOf(request: IncomingMessage): string {
  const [key, ...further] = headerValues(request, csrfHeader);
  if (key !== undefined && further.length === 0) return key;
  throw new FailureError({ code: 'FORBIDDEN', message: `The header ${csrfHeader} is missing.` });
}

const unknownCaller: Failure = {
  code: 'UNAUTHORIZED',
  message: 'The admin API needs the admin secret of this daemon.',
  hint: 'Use the exai command as the user who runs the daemon.',
};

const expired: Failure = {
  code: 'UNAUTHORIZED',
  message: 'This page has expired.',
  hint: 'Open it again from the tray, or run: exai dashboard',
};
