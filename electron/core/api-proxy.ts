import { Readable } from 'node:stream';
import type { AdminClient } from '../../platform/admin-client.ts';
import { type AdminRow, adminRoutes } from '../../protocol/admin-api.ts';
import { errorTable, type Failure, FailureError } from '../../protocol/errors.ts';

/** As the daemon reads at most. */
const maxBodyBytes = 1024 * 1024;
const passedHeaders = ['content-type', 'content-disposition', 'content-length', 'retry-after'] as const;

/**
 * Answers `/api/…` of the window's own origin by asking the daemon with the admin secret, which never reaches the page
 * (ADR 0011). Only rows of the admin API pass, and of those only what a page may do: tickets are for browsers.
 * @param client of the daemon that is shown; undefined while none runs
 */
export async function proxyApi(request: Request, client: Pick<AdminClient, 'pass'> | undefined): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  if (!isPassed(request.method, pathname)) return refusal({ code: 'NOT_FOUND', message: 'There is no such route.' });
  if (client === undefined) return refusal({ code: 'DAEMON_UNAVAILABLE', message: 'The daemon does not run.' });
  const body = request.body === null ? '' : await request.text();
  if (Buffer.byteLength(body) > maxBodyBytes) {
    return refusal({ code: 'PAYLOAD_TOO_LARGE', message: `At most ${maxBodyBytes} bytes.` });
  }
  try {
    const answer = await client.pass({
      method: request.method,
      path: pathname + search,
      body: body === '' ? undefined : body,
    });
    const headers = new Headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    for (const name of passedHeaders) {
      const value = answer.headers[name];
      if (value !== undefined) headers.set(name, value);
    }
    const status = answer.statusCode ?? errorTable.INTERNAL_ERROR.http;
    request.signal.addEventListener('abort', () => answer.destroy(), { once: true });
    if (status === 204) {
      answer.resume();
      return new Response(null, { status, headers });
    }
    answer.on('error', () => undefined); // it broke off; the reader sees its stream end
    return new Response(Readable.toWeb(answer), { status, headers });
  } catch (error) {
    if (error instanceof FailureError) return refusal(error.failure);
    throw error;
  }
}

const rows: readonly { readonly method: string; readonly pattern: RegExp }[] = Object.values<AdminRow>(adminRoutes)
  .filter(({ access }) => access === 'admin')
  .map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`) }));

function isPassed(method: string, path: string): boolean {
  return rows.some((row) => row.method === method && row.pattern.test(path));
}

function refusal({ code, message }: Failure): Response {
  return Response.json({ code, message }, { status: errorTable[code].http, headers: { 'cache-control': 'no-store' } });
}
