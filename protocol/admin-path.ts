/** What fills a path of the admin API in. A query value that is undefined is left out. */
export interface AdminPathParts {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
}

/** Path and query as they are sent: each `:name` of `path` filled in and encoded. The inverse of what the daemon matches. */
export function adminPath(path: string, { params = {}, query = {} }: AdminPathParts = {}): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encoded(params[name]));
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`;
}

function encoded(value: unknown): string {
  return encodeURIComponent(String(value).toWellFormed());
}
