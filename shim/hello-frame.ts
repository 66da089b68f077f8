import { type RequestId, requestIdKey } from '../protocol/ids.ts';
import { limits } from '../protocol/limits.ts';
import { protocolVersion } from '../protocol/version.ts';
import type { Credentials } from './credentials.ts';
import { isRecord } from './editor-message.ts';
import { editorOfClient, type ShimIdentity } from './identity.ts';

/** `hello.resume` (WIRE §5.2). */
export interface HelloResume {
  /** Empty when this window has never reached a daemon. */
  readonly daemonRunId: string;
  readonly pending: readonly RequestId[];
  readonly protocolVersion: string | null;
  readonly initialize: Readonly<Record<string, unknown>> | null;
  readonly subscriptions: readonly string[];
  readonly logLevel: string | null;
}

export interface HelloFrame {
  readonly text: string;
  /** What the frame really says; less than was asked for where it would have been too long. */
  readonly resume: HelloResume | undefined;
  /** Pending ids that found no room: the daemon will take them for cancelled. */
  readonly dropped: readonly RequestId[];
}

/** The first frame of a connection, at most 64 KiB long (WIRE §3.1). */
export function buildHello(
  identity: ShimIdentity,
  credentials: Credentials,
  resume: HelloResume | undefined,
  clientName: string,
): HelloFrame {
  const write = (candidate: HelloResume | undefined): string => helloText(identity, credentials, candidate, clientName);
  for (const candidate of everShorter(resume)) {
    const text = write(candidate);
    if (Buffer.byteLength(text) > limits.helloMaxBytes) continue;
    const kept = new Set(candidate?.pending.map(requestIdKey));
    const dropped = resume?.pending.filter((id) => !kept.has(requestIdKey(id))) ?? [];
    return { text, resume: candidate, dropped };
  }
  return { text: write(undefined), resume: undefined, dropped: resume?.pending ?? [] };
}

/** What is least missed goes first: subscriptions, what the client says about itself, then the newest requests. */
function* everShorter(resume: HelloResume | undefined): Generator<HelloResume | undefined> {
  yield resume;
  if (resume === undefined) return;
  const bare: HelloResume = { ...resume, subscriptions: [] };
  yield bare;
  const short: HelloResume = { ...bare, initialize: shortInitialize(resume.initialize) };
  yield short;
  for (let count = resume.pending.length; count > 0; count = Math.floor(count / 2)) {
    yield { ...short, pending: resume.pending.slice(0, count) };
  }
}

/** Without icons and other long texts. */
function shortInitialize(initialize: HelloResume['initialize']): HelloResume['initialize'] {
  if (initialize === null) return null;
  const info = isRecord(initialize['clientInfo']) ? initialize['clientInfo'] : {};
  const { protocolVersion: revision } = initialize;
  return {
    ...(revision === undefined ? {} : { protocolVersion: revision }),
    capabilities: {},
    clientInfo: { name: shortText(info['name']), version: shortText(info['version']) },
  };
}

function shortText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, limits.instanceTextMaxChars) : '';
}

function helloText(
  identity: ShimIdentity,
  credentials: Credentials,
  resume: HelloResume | undefined,
  clientName: string,
): string {
  const { shimId, sessionId, instance, client } = identity;
  return JSON.stringify({
    op: 'hello',
    protocol: protocolVersion,
    mode: 'mcp',
    ...(sessionId === undefined ? {} : { session_id: sessionId }),
    token: credentials.token ?? null,
    jwt: credentials.jwt ?? null,
    shimId,
    instance,
    client: { ...client, editor: editorOfClient(clientName) ?? client.editor, credential: credentials.source },
    ...(resume === undefined ? {} : { resume }),
  });
}
