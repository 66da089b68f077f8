import {
  type AdminRequest,
  type AdminResponse,
  type AdminRoute,
  type AdminRow,
  adminErrorSchema,
  adminRoutes,
  csrfHeader,
  type EmptyRoute,
  type FileRoute,
  type JsonRoute,
  type StreamRoute,
} from '../../protocol/admin-api.ts';

/** Why a request did not work. `code` is the daemon's, or one of our own for an answer that never came. */
export interface ApiFailure {
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The daemon's words: message and hint. */
  readonly message: string | undefined;
}

export type Answer<Value> =
  | { readonly state: 'ok'; readonly value: Value }
  | { readonly state: 'failed'; readonly failure: ApiFailure };

/** Typed client of the admin API. Routes, requests and responses derive from the table in `protocol/admin-api.ts`. */
export interface AdminClient {
  json<Route extends JsonRoute>(
    route: Route,
    request: AdminRequest<Route>,
    signal?: AbortSignal,
  ): Promise<Answer<AdminResponse<Route>>>;
  run<Route extends EmptyRoute>(route: Route, request: AdminRequest<Route>): Promise<Answer<undefined>>;
  /** The body of an endless answer, as it comes. */
  stream<Route extends StreamRoute>(
    route: Route,
    request: AdminRequest<Route>,
    signal: AbortSignal,
  ): Promise<Answer<ReadableStream<Uint8Array>>>;
  /** The content of a download. The key of the sign-in is a header, so a plain link would be refused. */
  file<Route extends FileRoute>(route: Route, request: AdminRequest<Route>): Promise<Answer<Blob>>;
}

export interface AdminClientOptions {
  readonly fetch: typeof fetch;
  /** Key of the sign-in; undefined before it. Asked at each request: another tab may have signed in. */
  readonly requestKey: () => string | undefined;
}

/** Code of a request that nobody answered. */
export const unreachable = 'UNREACHABLE';
/** Code of an answer that does not fit the table: page and daemon are of different versions. */
export const unreadable = 'UNREADABLE';

export function createAdminClient(options: AdminClientOptions): AdminClient {
  return {
    async json(route, request, signal) {
      const answer = await send(route, request, signal);
      if (answer.state === 'failed') return answer;
      const row: AdminRow = adminRoutes[route];
      const parsed = row.response?.safeParse(await answer.value.json().catch(() => undefined));
      if (parsed?.success !== true) return failed(unreadable, answer.value.status, parsed?.error.message);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema of this very route has parsed it
      return { state: 'ok', value: parsed.data as AdminResponse<typeof route> };
    },
    async run(route, request) {
      const answer = await send(route, request);
      return answer.state === 'failed' ? answer : { state: 'ok', value: undefined };
    },
    async stream(route, request, signal) {
      const answer = await send(route, request, signal);
      if (answer.state === 'failed') return answer;
      const { body, status } = answer.value;
      return body === null ? failed(unreadable, status, undefined) : { state: 'ok', value: body };
    },
    async file(route, request) {
      const answer = await send(route, request);
      if (answer.state === 'failed') return answer;
      try {
        return { state: 'ok', value: await answer.value.blob() };
      } catch {
        return failed(unreachable, 0, undefined); // It broke off.
      }
    },
  };

  async function send(route: AdminRoute, request: RequestParts, signal?: AbortSignal): Promise<Answer<Response>> {
    const { method } = adminRoutes[route];
    const key = options.requestKey();
    let response: Response;
    try {
      response = await options.fetch(addressOf(route, request), {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        headers: {
          ...(key === undefined ? {} : { [csrfHeader]: key }),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch {
      return failed(unreachable, 0, undefined);
    }
    if (response.ok) return { state: 'ok', value: response };
    const error = adminErrorSchema.safeParse(await response.json().catch(() => undefined));
    if (!error.success) return failed(`HTTP_${response.status}`, response.status, undefined);
    const words = [error.data.message, error.data.hint].filter((word) => word !== undefined && word !== '');
    return failed(error.data.code, response.status, words.length === 0 ? undefined : words.join(' '));
  }
}

interface RequestParts {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

/** Path and query of a request, relative to the origin. Parameters are encoded, so `#` and `/` in an id survive. */
export function addressOf(route: AdminRoute, request: RequestParts): string {
  const params = new Map(entriesOf(request.params));
  const path = adminRoutes[route].path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) =>
    encodeURIComponent(params.get(name) ?? ''),
  );
  const query = new URLSearchParams(entriesOf(request.query)).toString();
  return query === '' ? path : `${path}?${query}`;
}

function entriesOf(values: unknown): [string, string][] {
  if (typeof values !== 'object' || values === null) return [];
  return Object.entries(values).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[name, String(value)]] : [],
  );
}

function failed(code: string, status: number, message: string | undefined): Answer<never> {
  return { state: 'failed', failure: { code, status, message } };
}
