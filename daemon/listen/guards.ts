import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** What Host and Origin are held against (WIRE §2, guards 3 and 4). */
export interface AllowedNames {
  readonly host: string;
  readonly port: number;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

const ownHosts = ['127.0.0.1', 'localhost', '[::1]'];
const appOrigin = 'app://exai';

/** Guard 3: exactly one Host header that names us, with our port or none. `values` in the order received. */
export function isHostAllowed(values: readonly string[], allowed: AllowedNames): boolean {
  const [value] = values;
  if (values.length !== 1 || value === undefined) return false;
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s/@]+)(?::(\d{1,5}))?$/.exec(value);
  if (match === null) return false;
  const [, name = '', port] = match;
  if (port !== undefined && Number(port) !== allowed.port) return false;
  return isHostNameAllowed(name.toLowerCase(), allowed);
}

/** Guard 4: no Origin, our own, the app's, or one that the user has listed. `null` is foreign. */
export function isOriginAllowed(values: readonly string[], allowed: AllowedNames): boolean {
  const [origin] = values;
  if (origin === undefined) return true;
  if (values.length > 1) return false;
  if (origin === appOrigin || allowed.allowedOrigins.includes(origin)) return true;
  const match = /^http:\/\/(\[[0-9a-fA-F:.]+\]|[^:[\]\s/@]+)(?::(\d{1,5}))?$/.exec(origin);
  if (match === null) return false;
  const [, name = '', port = '80'] = match;
  return Number(port) === allowed.port && isHostNameAllowed(name.toLowerCase(), allowed);
}

function isHostNameAllowed(name: string, allowed: AllowedNames): boolean {
  const configured = isIP(allowed.host) === 6 ? `[${allowed.host}]` : allowed.host.toLowerCase();
  return (
    ownHosts.includes(name) || name === configured || allowed.allowedHosts.some((host) => host.toLowerCase() === name)
  );
}

/** All values of one header, in order, also where Node would have joined or dropped them. Name in lower case. */
export function headerValues(request: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    if (request.rawHeaders[at]?.toLowerCase() === name) values.push(request.rawHeaders[at + 1] ?? '');
  }
  return values;
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/**
 * The client's address: the socket's, or behind a trusted proxy the last entry of `X-Forwarded-For`, which the proxy
 * itself wrote (WIRE §2). An entry that is no address is `unknown`: it must not gain what the proxy's own address may.
 */
export function clientAddress(socketAddress: string, forwardedFor: readonly string[], isProxyTrusted: boolean): string {
  if (!isProxyTrusted || forwardedFor.length === 0) return socketAddress;
  const entries = forwardedFor.join(',').split(',');
  const last = entries.at(-1)?.trim() ?? '';
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)$/.exec(last) ?? [];
  const address = bracketed ?? plain ?? last;
  return isIP(address) === 0 ? 'unknown' : address;
}

/** The credential of `Authorization: Bearer …`, or null. */
export function bearerOf(request: IncomingMessage): string | null {
  const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

/** Counts open and unauthenticated connections (guards 1 and 2). Every `open…` is paired with its returned release. */
export class ConnectionCounter {
  readonly #limits: { maxConnections: number; maxPerAddress: number; maxUnauthenticated: number };
  readonly #perAddress = new Map<string, number>();
  readonly #unauthenticated = { tcp: 0, local: 0 };
  #open = 0;

  constructor(limits: { maxConnections: number; maxPerAddress: number; maxUnauthenticated: number }) {
    this.#limits = limits;
  }

  get open(): number {
    return this.#open;
  }

  /** Guard 1. Undefined when the limit is reached. */
  openConnection(address: string, isExempt: boolean): (() => void) | undefined {
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (this.#open >= this.#limits.maxConnections) return undefined;
    if (!isExempt && ofAddress >= this.#limits.maxPerAddress) return undefined;
    this.#open += 1;
    this.#perAddress.set(address, ofAddress + 1);
    return once(() => {
      this.#open -= 1;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
  }

  /** Guard 2, counted per listener: a flood on TCP never keeps the shims off the local socket. */
  openUnauthenticated(listener: 'tcp' | 'local'): (() => void) | undefined {
    if (this.#unauthenticated[listener] >= this.#limits.maxUnauthenticated) return undefined;
    this.#unauthenticated[listener] += 1;
    return once(() => {
      this.#unauthenticated[listener] -= 1;
    });
  }
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
