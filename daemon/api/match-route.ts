import { type AdminRoute, type AdminRow, adminRoutes } from '../../protocol/admin-api.ts';

export type RouteMatch =
  | { readonly type: 'found'; readonly route: AdminRoute; readonly params: Readonly<Record<string, string>> }
  /** The path is there, the method is not. */
  | { readonly type: 'method'; readonly allowed: readonly string[] }
  | { readonly type: 'none' };

interface CompiledRow {
  readonly route: AdminRoute;
  readonly method: AdminRow['method'];
  readonly segments: readonly string[];
}

/** Finds the row for a request in the table of the admin API. */
export class RouteMatcher {
  readonly #rows: readonly CompiledRow[] = Object.entries(adminRoutes).map(([route, { method, path }]) => ({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table are its routes
    route: route as AdminRoute,
    method,
    segments: path.split('/'),
  }));

  /**
   * @param path as it was sent, without the query. A parameter is one whole segment, decoded only after the path was
   * split: an encoded slash stays part of it. What cannot be decoded is no path of ours.
   */
  match(method: string | undefined, path: string): RouteMatch {
    const segments = path.split('/');
    const ofPath = this.#rows.filter((row) => isSamePath(row.segments, segments));
    if (ofPath.length === 0) return { type: 'none' };
    // A literal path stands before one with a parameter, wherever they are in the table.
    const row = ofPath
      .filter((candidate) => candidate.method === method || (method === 'HEAD' && candidate.method === 'GET'))
      .toSorted((left, right) => parameterCount(left) - parameterCount(right))[0];
    if (row === undefined) return { type: 'method', allowed: allowedMethods(ofPath) };
    const params = paramsOf(row.segments, segments);
    return params === undefined ? { type: 'none' } : { type: 'found', route: row.route, params };
  }
}

function isSamePath(row: readonly string[], sent: readonly string[]): boolean {
  return row.length === sent.length && row.every((segment, at) => isParameter(segment) || segment === sent[at]);
}

function isParameter(segment: string): boolean {
  return segment.startsWith(':');
}

function parameterCount({ segments }: CompiledRow): number {
  return segments.filter(isParameter).length;
}

function allowedMethods(rows: readonly CompiledRow[]): string[] {
  return rows.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

function paramsOf(row: readonly string[], sent: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [at, segment] of row.entries()) {
    if (!isParameter(segment)) continue;
    try {
      params[segment.slice(1)] = decodeURIComponent(sent[at] ?? '');
    } catch {
      return undefined; // malformed encoding
    }
  }
  return params;
}
