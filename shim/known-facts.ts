import { mcpRevisions, version } from '../protocol/version.ts';
import { isRecord } from './editor-message.ts';

/** What the daemon last said about itself, for answers while it is not there (CLIENTS S5). */
export interface KnownFacts {
  readonly daemonVersion: string;
  /** Newest first. */
  readonly protocolVersions: readonly string[];
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly title: string;
  /** Items of the last `tools/list` result; absent when no daemon has ever left any. */
  readonly tools?: readonly unknown[];
}

/** What every daemon of this version would say. */
const builtInFacts: KnownFacts = {
  daemonVersion: version,
  protocolVersions: mcpRevisions,
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    completions: {},
    logging: {},
  },
  title: 'EXAI',
};

/** Reads `run/known-facts.json`. Whatever is missing or of another form is replaced by what this version knows. */
export function parseKnownFacts(text: string | undefined): KnownFacts {
  const raw = text === undefined ? undefined : parseObject(text);
  if (raw === undefined || raw['schema'] !== 1) return builtInFacts;
  const { daemonVersion, protocolVersions, capabilities, title, tools } = raw;
  return {
    daemonVersion: typeof daemonVersion === 'string' ? daemonVersion : builtInFacts.daemonVersion,
    protocolVersions: isTextList(protocolVersions) ? protocolVersions : builtInFacts.protocolVersions,
    capabilities: isRecord(capabilities) ? capabilities : builtInFacts.capabilities,
    title: typeof title === 'string' ? title : builtInFacts.title,
    ...(Array.isArray(tools) ? { tools } : {}),
  };
}

/** The revision that the daemon would agree to: the one asked for when it is known, else the newest. */
export function agreedRevision(facts: KnownFacts, asked: unknown): string {
  return facts.protocolVersions.find((revision) => revision === asked) ?? facts.protocolVersions[0] ?? mcpRevisions[0];
}

export interface WindowNames {
  /** `MCP_SERVER_ID`: editors derive tool names from it. */
  readonly serverId: string;
  /** Name of the window for people. */
  readonly serverName: string | undefined;
}

/** `result` of an `initialize` that the shim answers, in the words of the daemon. */
export function initializeResult(facts: KnownFacts, names: WindowNames, protocolVersion: string): string {
  return JSON.stringify({
    protocolVersion,
    capabilities: facts.capabilities,
    serverInfo: { name: names.serverId, title: facts.title, version: facts.daemonVersion },
    ...(names.serverName === undefined ? {} : { instructions: `EXAI tools for the window ${names.serverName}.` }),
  });
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // half-written or damaged: as good as absent
  }
}
