import { appOrigin } from '../../protocol/host-verbs.ts';

/** Hosts whose pages may be opened in the user's browser from a click in the window. Never an address of a server. */
const linkHosts: ReadonlySet<string> = new Set(['github.com', 'modelcontextprotocol.io']);

/** Whether the window may show this address: only the page of the app itself. */
export function isOwnPage(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && `${parsed.protocol}//${parsed.host}` === appOrigin && !parsed.pathname.startsWith('/api/');
}

/** Whether the browser of the user may be sent there. */
export function isAllowedLink(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && parsed.protocol === 'https:' && parsed.username === '' && linkHosts.has(parsed.host);
}
