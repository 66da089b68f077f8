import { homedir } from 'node:os';
import { join } from 'node:path';
import { readPrivateFile } from '../platform/private-file.ts';
import { limits } from '../protocol/limits.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { everythingVisible } from './mcp/aggregate.ts';
import { McpHub } from './mcp/mcp-hub.ts';
import type { ToolCatalog } from './mcp/tool-catalog.ts';
import type { DaemonStatus } from './observe/status.ts';
import { ConfigFile } from './upstreams/config-file.ts';
import type { RefSources } from './upstreams/config-references.ts';
import type { UpstreamState } from './upstreams/hosted-upstream.ts';
import { openHttpLink } from './upstreams/http-link.ts';
import { KnownListsFile } from './upstreams/known-lists-file.ts';
import type { ConfigProblem } from './upstreams/mcp-json.ts';
import { endOversized } from './upstreams/memory-watch.ts';
import { ProcessLedger } from './upstreams/process-ledger.ts';
import { StdioOpener } from './upstreams/stdio-opener.ts';
import { UpstreamControl } from './upstreams/upstream-control.ts';
import { UpstreamLogs } from './upstreams/upstream-logs.ts';
import { UpstreamViews } from './upstreams/upstream-views.ts';
import { Upstreams } from './upstreams/upstreams.ts';

export interface UpstreamParts {
  readonly hub: McpHub;
  readonly views: UpstreamViews;
  readonly control: UpstreamControl;
  /** For health: how many run and which have failed; nothing when none is configured. */
  status(): Pick<DaemonStatus, 'upstreams'>;
  /** Entries of the configuration that are not used, and why. */
  readonly problems: () => readonly ConfigProblem[];
  /** Ends what an earlier run has left, then follows the configuration. */
  start(): void;
  /** Resolves when every server has ended. */
  stop(): Promise<void>;
}

/** Makes the servers that this daemon hosts and the hub through which sessions reach them; nothing is started yet. */
export function createUpstreams(
  { config, layout, logDir, logger, secrets, daemonRunId }: DaemonOptions,
  catalog: ToolCatalog,
  onChanged: () => void,
): UpstreamParts {
  const ledger = new ProcessLedger(join(layout.runDir, 'upstreams.json'), (error) =>
    logger.error('the list of started servers cannot be written', { error }),
  );
  const logs = new UpstreamLogs(logDir, secrets.maskText);
  const known = new KnownListsFile(join(layout.runDir, 'upstream-lists.json'), (error) =>
    logger.warn('lists of servers cannot be kept', { error }),
  );
  let problems: readonly ConfigProblem[] = [];
  const opener = new StdioOpener({
    env: process.env,
    home: homedir(),
    sandboxDir: join(layout.stateDir, 'sandbox'),
    maxMessageBytes: config.maxFrameBytes + messageSlackBytes,
    stopStageMs: limits.upstreamStopStageMs,
    ledger,
    daemonRunId,
    onStderr: (upstreamId, line) => logs.write(upstreamId, 'info', line),
    onSandboxLimited: (upstreamId, message) => {
      logs.write(upstreamId, 'warn', message);
      logger.warn('a sandbox is not complete', { upstream: upstreamId, message });
    },
  });
  const hub = new McpHub({
    catalog,
    filter: everythingVisible,
    onChanged,
    onListsChanged: () => {
      for (const entry of hub.upstreams.entries) {
        if (entry.lastLists !== null) known.put(entry.config, entry.lastLists);
      }
      onChanged();
    },
    createUpstreams: ({ listener, windowOf }) =>
      new Upstreams({
        logger,
        listener,
        windowOf,
        knownLists: (upstream) => known.of(upstream),
        openerOf: (upstream) => () =>
          upstream.kind === 'stdio'
            ? opener.open(upstream)
            : (handlers) =>
                openHttpLink({ ...upstream, maxMessageBytes: config.maxFrameBytes + messageSlackBytes }, handlers),
      }),
  });
  const configPath = join(layout.stateDir, 'mcp.json');
  const refs = (): RefSources => references(join(layout.credentialsDir, 'upstreams'));
  const file = new ConfigFile({
    path: configPath,
    refs,
    onRead: (read) => {
      for (const secret of read.secrets) secrets.add(secret);
      problems = read.problems;
      for (const { place, message } of problems) logger.warn('an entry of mcp.json is not used', { place, message });
      hub.upstreams.apply(read.upstreams);
      onChanged();
    },
  });
  const views = new UpstreamViews(hub.upstreams, secrets.maskText);
  let measureTimer: NodeJS.Timeout | undefined;
  let memoryTimer: NodeJS.Timeout | undefined;
  const onOversized = (upstreamId: string, usedBytes: number, limitBytes: number): void => {
    const message = 'a server has used more memory than its sandbox allows and has been ended';
    logs.write(upstreamId, 'error', message, { usedBytes, limitBytes });
    logger.warn(message, { upstream: upstreamId, usedBytes, limitBytes });
  };
  return {
    hub,
    views,
    control: new UpstreamControl({
      path: configPath,
      upstreams: hub.upstreams,
      refs,
      reload: () => file.reload(),
    }),
    status: () => {
      const { entries } = hub.upstreams;
      const idsOf = (state: UpstreamState): string[] =>
        entries
          .filter(({ instances }) => instances.some((instance) => instance.state === state))
          .map(({ config: { id } }) => id);
      if (entries.length === 0) return {};
      return { upstreams: { total: entries.length, ready: idsOf('ready').length, failed: idsOf('failed') } };
    },
    problems: () => problems,
    start: () => {
      for (const { upstreamId, pid } of ledger.sweep()) {
        logger.warn('a server of an earlier run was still there and has been ended', { upstream: upstreamId, pid });
      }
      file.start();
      measureTimer = setInterval(() => {
        if (views.measure(Date.now())) onChanged();
      }, measureMs).unref();
      memoryTimer = setInterval(() => endOversized(hub.upstreams, onOversized), memoryWatchMs).unref();
    },
    stop: async () => {
      clearInterval(measureTimer);
      clearInterval(memoryTimer);
      file.stop();
      known.flush();
      await hub.stop();
      logs.close();
    },
  };
}

/** The envelope around the largest payload. */
const messageSlackBytes = 64 * 1024;
const measureMs = 5_000;
const memoryWatchMs = 1_000;

function references(secretDir: string): RefSources {
  return {
    env: process.env,
    home: homedir(),
    readSecret: (name) => {
      const read = readPrivateFile(join(secretDir, name));
      switch (read.type) {
        case 'ok':
          return { value: read.text.trimEnd() };
        case 'missing':
          return { message: `There is no secret ${name}: write it to ${join(secretDir, name)}.` };
        case 'exposed':
        case 'unreadable':
          return { message: read.message };
      }
    },
  };
}
