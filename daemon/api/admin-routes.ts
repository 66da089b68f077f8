import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AdminResponse, type AdminRoute, adminRoutes, csrfHeader } from '../../protocol/admin-api.ts';
import { errorTable, type Failure, FailureError } from '../../protocol/errors.ts';
import { respond } from '../listen/respond.ts';

/** One function per row of the route table. */
export type AdminHandlers = {
  readonly [Route in AdminRoute]: () => AdminResponse<Route> | Promise<AdminResponse<Route>>;
};

export interface AdminApiOptions {
  readonly handlers: AdminHandlers;
  isAdminSecret(candidate: string): boolean;
  onFailure(route: AdminRoute, error: unknown): void;
}

/** Serves `/api/*`. The request has passed the Host and Origin guards. */
export async function serveAdminApi(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  options: AdminApiOptions,
): Promise<void> {
  request.resume(); // no route takes a body; what is sent is read and dropped, so that the answer can leave
  const route = findRoute(path);
  if (route === undefined) {
    fail(response, { code: 'NOT_FOUND', message: 'There is no such route.' });
    return;
  }
  const secret = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (!options.isAdminSecret(secret)) {
    fail(response, {
      code: 'UNAUTHORIZED',
      message: 'The admin API needs the admin secret of this daemon.',
      hint: 'Use the exai command as the user who runs the daemon.',
    });
    return;
  }
  const { method } = adminRoutes[route];
  if (request.method !== method) {
    respond(response, 405, { code: 'INVALID_REQUEST', message: `Use ${method}.` }, { Allow: method });
    return;
  }
  if (method !== 'GET' && request.headers[csrfHeader] === undefined) {
    fail(response, { code: 'FORBIDDEN', message: `The header ${csrfHeader} is missing.` });
    return;
  }
  try {
    respond(response, 200, await options.handlers[route]());
  } catch (error) {
    if (error instanceof FailureError) {
      fail(response, error.failure);
      return;
    }
    options.onFailure(route, error);
    fail(response, { code: 'INTERNAL_ERROR', message: 'The daemon could not do this; its log says why.' });
  }
}

function findRoute(path: string): AdminRoute | undefined {
  const rows = Object.keys(adminRoutes).filter((name): name is AdminRoute => name in adminRoutes);
  return rows.find((name) => adminRoutes[name].path === path);
}

function fail(response: ServerResponse, failure: Failure): void {
  const { code, message, hint } = failure;
  const headers: Record<string, string> = code === 'UNAUTHORIZED' ? { 'WWW-Authenticate': 'Bearer realm="exai"' } : {};
  respond(response, errorTable[code].http, { code, message, ...(hint === undefined ? {} : { hint }) }, headers);
}
