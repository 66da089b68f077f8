import { isJsonObject, type JsonObject, parseJsonObject } from './json-object.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

interface DiscoveryFacts {
  readonly schema: 1;
  readonly daemonRunId: string;
  readonly version: string;
  /** Of the hello handshake, `major.minor`. */
  readonly protocol: string;
  readonly tcp?: { readonly host: string; readonly port: number };
  /** Of the dashboard's own listener, where it has one. */
  readonly dashboard?: { readonly host: string; readonly port: number };
  /** Path of the unix socket or name of the pipe. */
  readonly localSocket?: string;
  /** Who stops the daemon; absent when nobody owns it. */
  readonly owner?: { readonly kind: string; readonly pid: number };
  /** Program and arguments that start the daemon again. */
  readonly launch?: readonly string[];
}

/** `run/daemon.json` of a daemon that serves, or served until its process was killed (WIRE §10). */
export interface RunningDaemon extends DiscoveryFacts {
  readonly state: 'running';
  readonly pid: number;
  /** Epoch seconds. The pid is believed only together with it (± 2 s). */
  readonly processStartedAt: number;
  /** 32 random bytes, base64url: the key of the server proof. A secret. */
  readonly runKey: string;
}

/** What a clean stop leaves behind. */
export interface StoppedDaemon extends DiscoveryFacts {
  readonly state: 'stopped';
}

export type DiscoveryFile = RunningDaemon | StoppedDaemon;

export type DiscoveryRead =
  | { type: 'ok'; file: DiscoveryFile }
  | { type: 'missing' }
  | { type: 'exposed'; message: string }
  | { type: 'unreadable'; message: string }
  | { type: 'damaged'; message: string };

/** `undefined` when it is not a discovery file of schema 1. Unknown keys are ignored. */
export function parseDiscovery(text: string): DiscoveryFile | undefined {
  const raw = parseJsonObject(text);
  if (raw === undefined || raw['schema'] !== 1) return undefined;
  const { daemonRunId, version, protocol, state, pid, processStartedAt, runKey } = raw;
  if (!isFilled(daemonRunId) || !isFilled(version) || !isFilled(protocol)) return undefined;
  const optional = parseOptional(raw);
  if (optional === undefined) return undefined;
  const facts = { schema: 1, daemonRunId, version, protocol, ...optional } as const;
  if (state === 'stopped') return { ...facts, state };
  if (state !== 'running' || !isPid(pid) || !isFilled(runKey)) return undefined;
  if (typeof processStartedAt !== 'number' || !Number.isFinite(processStartedAt)) return undefined;
  return { ...facts, state, pid, processStartedAt, runKey };
}

/** Never throws. An exposed file is refused: who can read the run key can answer in the daemon's name. */
export function readDiscovery(path: string): DiscoveryRead {
  const read = readPrivateFile(path);
  if (read.type !== 'ok') return read;
  const file = parseDiscovery(read.text);
  return file === undefined ? { type: 'damaged', message: `${path} is not a discovery file` } : { type: 'ok', file };
}

/** @throws Error as {@link writePrivateFile} */
export function writeDiscovery(path: string, file: DiscoveryFile): void {
  writePrivateFile(path, `${JSON.stringify(file)}\n`);
}

/**
 * Value of `X-Exai-Proof` (WIRE §10.2), base64url without padding. The HMAC key is the 32 bytes that `runKey` encodes.
 * @param nonce value of `X-Exai-Nonce` as it came
 */
export function serverProof(runKey: string, nonce: string, daemonRunId: string): string {
  const { createHmac } = crypto();
  return createHmac('sha256', Buffer.from(runKey, 'base64url'))
    .update(`exai-proof-v1\n${nonce}\n${daemonRunId}`)
    .digest('base64url');
}

/** Compares in constant time; an absent proof is invalid. */
export function isProofValid(runKey: string, nonce: string, daemonRunId: string, proof: string | undefined): boolean {
  const expected = Buffer.from(serverProof(runKey, nonce, daemonRunId));
  const given = Buffer.from(proof ?? '');
  return given.length === expected.length && crypto().timingSafeEqual(given, expected);
}

/** Not imported at the top: the shim reads discovery files and computes its one proof by itself. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}

type OptionalFacts = Pick<DiscoveryFacts, 'tcp' | 'dashboard' | 'localSocket' | 'owner' | 'launch'>;

function parseOptional(raw: JsonObject): OptionalFacts | undefined {
  const { tcp, dashboard, localSocket, owner, launch } = raw;
  if (dashboard !== undefined && !isTcp(dashboard)) return undefined;
  if (tcp !== undefined && !isTcp(tcp)) return undefined;
  if (localSocket !== undefined && !isFilled(localSocket)) return undefined;
  if (owner !== undefined && !isOwner(owner)) return undefined;
  if (launch !== undefined && !isLaunch(launch)) return undefined;
  return {
    ...(tcp === undefined ? {} : { tcp: { host: tcp.host, port: tcp.port } }),
    ...(dashboard === undefined ? {} : { dashboard: { host: dashboard.host, port: dashboard.port } }),
    ...(localSocket === undefined ? {} : { localSocket }),
    ...(owner === undefined ? {} : { owner: { kind: owner.kind, pid: owner.pid } }),
    ...(launch === undefined ? {} : { launch }),
  };
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isPid(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function isTcp(value: unknown): value is { host: string; port: number } {
  if (!isJsonObject(value) || !isFilled(value['host'])) return false;
  const { port } = value;
  return Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535;
}

function isOwner(value: unknown): value is { kind: string; pid: number } {
  return isJsonObject(value) && isFilled(value['kind']) && isPid(value['pid']);
}

function isLaunch(value: unknown): value is readonly string[] {
  return Array.isArray(value) && isFilled(value[0]) && value.every((part) => typeof part === 'string');
}
