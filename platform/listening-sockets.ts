import { isIP, SocketAddress } from 'node:net';

/** One listening TCP socket in a table of the system; `owner` is an inode on Linux, a pid elsewhere. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly owner: string;
  /** Program name where the table has one (lsof). */
  readonly command?: string;
}

/** `/proc/net/tcp` and `/proc/net/tcp6`. */
export function parseProcNetTcp(text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [, local, , state] = fields;
    const [hexAddress, hexPort] = local?.split(':') ?? [];
    const inode = fields[9];
    if (state !== '0A' || !hexAddress || !hexPort || !inode) continue;
    sockets.push({ address: decodeHexAddress(hexAddress), port: Number.parseInt(hexPort, 16), owner: inode });
  }
  return sockets;
}

/** `lsof -nP -iTCP:<port> -sTCP:LISTEN -Fpcn`: a line per field; `p` and `c` hold until the next `p`. */
export function parseLsof(text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  let owner = '';
  let command = '';
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) owner = value;
    else if (line.startsWith('c')) command = value;
    else if (line.startsWith('n')) sockets.push({ ...splitEndpoint(value), owner, command });
  }
  return sockets;
}

/** `netstat -ano`. The word for "listening" is translated, so the foreign port 0 tells it. */
export function parseNetstat(text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [kind, local, foreign] = fields;
    const pid = fields.at(-1);
    if (kind !== 'TCP' || !local || !foreign?.endsWith(':0') || !pid || !/^\d+$/.test(pid)) continue;
    sockets.push({ ...splitEndpoint(local), owner: pid });
  }
  return sockets;
}

/** Program of `tasklist /fo csv /nh` for one pid, such as `node.exe`. */
export function parseTasklist(text: string): string | undefined {
  return /^"([^"]+)","\d+"/m.exec(text)?.[1];
}

/** The socket that keeps `host:port` from being bound: on that address, else on all addresses. */
export function findListener(
  sockets: readonly ListeningSocket[],
  host: string,
  port: number,
): ListeningSocket | undefined {
  const onPort = sockets.filter((socket) => socket.port === port);
  if (isAnyAddress(host)) return onPort[0];
  const wanted = isIP(host) === 0 ? ['127.0.0.1', '::1'] : [canonicalAddress(host)];
  return (
    onPort.find((socket) => wanted.includes(canonicalAddress(socket.address))) ??
    onPort.find((socket) => isAnyAddress(socket.address))
  );
}

/** Words of a command line as a person knows the program: its name and its script, never further arguments. */
export function shortCommand(words: readonly string[]): string | undefined {
  const [program, script] = words;
  if (!program) return undefined;
  const name = program.split(/[/\\]/).at(-1) ?? program;
  // Arguments of other programs may hold secrets.
  const hasScript = script !== undefined && /\.(?:[cm]?[jt]s|py|rb|sh|jar)$/.test(script);
  return hasScript ? `${name} ${script}` : name;
}

function isAnyAddress(address: string): boolean {
  return address === '*' || ['0.0.0.0', '::'].includes(canonicalAddress(address));
}

function splitEndpoint(endpoint: string): { address: string; port: number } {
  const colon = endpoint.lastIndexOf(':');
  return { address: endpoint.slice(0, colon).replaceAll(/^\[|\]$/g, ''), port: Number(endpoint.slice(colon + 1)) };
}

/** One spelling per address; IPv4 inside IPv6 becomes plain IPv4, zones are cut. */
function canonicalAddress(address: string): string {
  const [bare = ''] = address.split('%');
  if (isIP(bare) !== 6) return bare;
  const text = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1] ?? text;
}

/** The kernel prints each 32-bit word in the byte order of the machine, which is little endian wherever we run. */
function decodeHexAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex').swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return groups.join(':');
}
