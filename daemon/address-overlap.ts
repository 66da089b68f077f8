import { isIP } from 'node:net';

/**
 * Whether two listeners at these addresses could not have the same port. Pure: a name is looked up nowhere, but
 * `localhost` is both loopback addresses.
 */
export function addressesOverlap(left: string, right: string): boolean {
  const [one, other] = [addressesOf(left), addressesOf(right)];
  return one.some((address) => other.some((candidate) => covers(address, candidate) || covers(candidate, address)));
}

/** In one spelling each. */
function addressesOf(host: string): readonly string[] {
  if (host.toLowerCase() === 'localhost') return ['127.0.0.1', '::1'];
  if (isIP(host) !== 6) return [host.toLowerCase()];
  const spelled = URL.parse(`http://[${host}]/`)?.hostname.slice(1, -1) ?? host.toLowerCase();
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(spelled);
  if (mapped === null) return [spelled];
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [[high >> 8, high & 255, low >> 8, low & 255].join('.')];
}

/** `::` takes IPv4 connections as well; a name may be an address of either family. */
function covers(wide: string, address: string): boolean {
  return wide === address || wide === '::' || (wide === '0.0.0.0' && isIP(address) !== 6);
}
