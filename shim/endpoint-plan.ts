import type { DiscoveryFile, DiscoveryRead } from '../platform/discovery.ts';
import type { Settings } from '../protocol/env-table.ts';
import { assertNever } from './assert-never.ts';

export type Endpoint =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Somewhere the daemon may listen. */
export interface EndpointCandidate {
  readonly endpoint: Endpoint;
  /** The run whose key must be proved there before anything is said; undefined: no proof is asked. */
  readonly run: { readonly id: string; readonly key: string } | undefined;
}

export type EndpointPlan =
  | { readonly type: 'try'; readonly candidates: readonly EndpointCandidate[] }
  /** Nothing to connect to; `message` is for the person. */
  | { readonly type: 'none'; readonly message: string };

export interface EndpointQuestion {
  readonly settings: Pick<Settings<'shim'>, 'host' | 'port' | 'endpoint' | 'serverProof'>;
  /** `EXAI_WS_HOST` or `EXAI_WS_PORT` is set in the process environment (not only in a `.env`, which the daemon shares). */
  readonly isAddressGiven: boolean;
  readonly discovery: DiscoveryRead;
  /** Path of the local socket where no discovery file tells one. */
  readonly defaultLocalPath: () => string;
}

/** Where to connect, in this order, and what to demand there (WIRE §10). */
export function planEndpoints(question: EndpointQuestion): EndpointPlan {
  const { settings, discovery } = question;
  if (discovery.type === 'exposed' && settings.serverProof !== 'off')
    return { type: 'none', message: discovery.message };
  const file = discovery.type === 'ok' ? discovery.file : undefined;
  const candidates: EndpointCandidate[] = [];
  let refusal: string | undefined;
  for (const endpoint of endpointsOf(question, file)) {
    const isDescribed = file !== undefined && describes(file, endpoint);
    if (settings.serverProof === 'off') candidates.push({ endpoint, run: undefined });
    else if (isDescribed && file.state === 'stopped') refusal ??= stopped(endpoint);
    else if (isDescribed && file.state === 'running')
      candidates.push({ endpoint, run: { id: file.daemonRunId, key: file.runKey } });
    else if (settings.serverProof === 'auto') candidates.push({ endpoint, run: undefined });
    else refusal ??= `EXAI_WS_SERVER_PROOF=require, and no discovery file describes ${endpointText(endpoint)}.`;
  }
  if (candidates.length > 0) return { type: 'try', candidates };
  return { type: 'none', message: refusal ?? 'No endpoint of the kind that EXAI_WS_ENDPOINT asks for is known.' };
}

/** For messages and the log. */
export function endpointText(endpoint: Endpoint): string {
  if (endpoint.kind === 'local') return endpoint.path;
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** Whether a daemon started on this machine could be the one that listens there. */
export function isOnThisMachine(endpoint: Endpoint): boolean {
  return endpoint.kind === 'local' || isLoopback(endpoint.host) || isAnyAddress(endpoint.host);
}

function endpointsOf(question: EndpointQuestion, file: DiscoveryFile | undefined): Endpoint[] {
  const { settings, isAddressGiven, defaultLocalPath } = question;
  const given: Endpoint = { kind: 'tcp', host: connectable(settings.host), port: settings.port };
  // Port 0 in a shared environment means "any" to the daemon; where that is, only the file knows.
  const isGiven = isAddressGiven && settings.port !== 0;
  const tcp: Endpoint[] =
    file?.tcp === undefined || isGiven ? [] : [{ kind: 'tcp', host: connectable(file.tcp.host), port: file.tcp.port }];
  const local: Endpoint[] = file?.localSocket === undefined ? [] : [{ kind: 'local', path: file.localSocket }];
  switch (settings.endpoint) {
    case 'local':
      return local.length > 0 ? local : [{ kind: 'local', path: defaultLocalPath() }];
    case 'tcp':
      return tcp.length > 0 ? tcp : known(given);
    case 'auto':
      if (isGiven) return [given];
      return file === undefined ? known(given) : [...local, ...tcp];
    default:
      return assertNever(settings.endpoint);
  }
}

function known(endpoint: Extract<Endpoint, { kind: 'tcp' }>): Endpoint[] {
  return endpoint.port === 0 ? [] : [endpoint];
}

function describes(file: DiscoveryFile, endpoint: Endpoint): boolean {
  if (endpoint.kind === 'local') return file.localSocket === endpoint.path;
  if (file.tcp === undefined || file.tcp.port !== endpoint.port) return false;
  const { host } = file.tcp;
  return host === endpoint.host || isAnyAddress(host) || (isLoopback(host) && isLoopback(endpoint.host));
}

function stopped(endpoint: Endpoint): string {
  const moved =
    endpoint.kind === 'tcp' ? ' If it moved into a container on the same port, set EXAI_WS_SERVER_PROOF=off.' : '';
  return `The daemon of ${endpointText(endpoint)} is stopped. Start it with \`npm start\`.${moved}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** A listener on all addresses is reached through loopback. */
function connectable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
