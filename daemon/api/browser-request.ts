import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { headerValues } from '../listen/guards.ts';

/**
 * Browsers send a host's cookies to all its ports: with a name per state directory, two daemons of one host do not sign
 * each other's pages out.
 */
export function uiCookieName(stateDir: string): string {
  return `exai_ui_${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
}

/**
 * Every value of our cookie `name`, in order. Another server of this host may have planted one of the same name with a more
 * precise path, which is then sent in front: no single one is believed. At most eight are looked at.
 */
export function uiCookies(request: IncomingMessage, name: string): readonly string[] {
  return (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
    .slice(0, 8);
}

/** Whether the person's browser speaks https: only a proxy in front of us can say so, and only when it is trusted. */
export function isHttps(request: IncomingMessage, isProxyTrusted: boolean): boolean {
  if (!isProxyTrusted) return false;
  const last = headerValues(request, 'x-forwarded-proto').join(',').split(',').at(-1);
  return last?.trim().toLowerCase() === 'https';
}

/**
 * Why a request with a cookie cannot come from a page of ours, or undefined. A browser says itself where a request comes
 * from (Fetch Metadata); a change must show an Origin that is exactly this host, with its port.
 */
export function foreignBrowser(request: IncomingMessage, isProxyTrusted: boolean): string | undefined {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'The request comes from another site.';
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  const [host, ...furtherHosts] = headerValues(request, 'host');
  const origins = headerValues(request, 'origin');
  const own = `${isHttps(request, isProxyTrusted) ? 'https' : 'http'}://${host}`;
  const isOwn = host !== undefined && furtherHosts.length === 0 && origins.length === 1 && origins[0] === own;
  return isOwn ? undefined : 'The request comes from another origin.';
}
