/** An address of this page: `#/sessions/vscode-instance-1%232?range=1h`. */
export interface Address {
  /** Decoded segments; empty for the start page. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

export interface Router {
  readonly current: () => Address;
  readonly subscribe: (listener: () => void) => () => void;
  readonly go: (href: string) => void;
  readonly back: () => void;
  /** Changes parts of the query in place, without an entry in the history; undefined or empty removes one. */
  readonly setQuery: (patch: Readonly<Record<string, string | undefined>>) => void;
}

export function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode);
  return { segments, query: new URLSearchParams(query) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // Typed by hand; no such page, then.
  }
}

/** `#/…` of segments and query. Every segment is encoded: session ids hold `#`. */
export function hrefOf(segments: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  const search = new URLSearchParams(entries).toString();
  return `#/${segments.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** Parameters of a pattern like `/sessions/:sessionId`; `:name?` may be missing. Undefined when it does not fit. */
export function matchPattern(
  pattern: string,
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const parts = pattern.split('/').filter((part) => part !== '');
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const segment = segments[index];
    if (part.startsWith(':')) {
      if (segment !== undefined) params[part.slice(1).replace('?', '')] = segment;
      else if (!part.endsWith('?')) return undefined;
    } else if (segment !== part) return undefined;
  }
  return segments.length > parts.length ? undefined : params;
}

export function createRouter(
  page: Pick<Window, 'location' | 'history' | 'addEventListener' | 'removeEventListener'>,
): Router {
  const listeners = new Set<() => void>();
  let hash = page.location.hash;
  let address = parseAddress(hash);
  const onChange = () => {
    for (const listener of listeners) listener();
  };

  function current(): Address {
    if (page.location.hash !== hash) {
      hash = page.location.hash;
      address = parseAddress(hash);
    }
    return address;
  }

  return {
    current,
    subscribe(listener) {
      if (listeners.size === 0) page.addEventListener('hashchange', onChange);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) page.removeEventListener('hashchange', onChange);
      };
    },
    go: (href) => {
      page.location.hash = href;
    },
    back: () => page.history.back(),
    setQuery(patch) {
      const { segments, query } = current();
      page.history.replaceState(page.history.state, '', hrefOf(segments, { ...Object.fromEntries(query), ...patch }));
      onChange(); // replaceState tells nobody.
    },
  };
}
