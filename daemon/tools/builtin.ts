import type { RunSource, StatusSource } from '../observe/status.ts';
import { activityTool } from './activity-tool.ts';
import { healthTool } from './health-tool.ts';
import type { IsVariableSet } from './known-providers.ts';
import { listmodelsTool } from './listmodels-tool.ts';
import { providerCapabilitiesTool } from './provider-capabilities-tool.ts';
import { type SessionLister, statusTool } from './status-tool.ts';
import type { Tool } from './tool.ts';
import { versionTool } from './version-tool.ts';
import { type ToolVisibility, visibleTools } from './visibility.ts';

export interface BuiltinSources {
  readonly status: StatusSource;
  readonly run: RunSource;
  readonly registry: SessionLister;
  readonly logDir: string;
  /** Writes log lines that still wait; without it tails may lag by a second. */
  readonly flushLogs?: () => void;
}

export interface BuiltinOptions {
  readonly visibility?: ToolVisibility;
  /** Default: none is set. */
  readonly isVariableSet?: IsVariableSet;
  /** Told of names in `visibility` that fit no tool. */
  readonly onUnknownTool?: (name: string) => void;
}

/** The tools that the daemon brings along, as far as they are visible. */
export function builtinTools(sources: BuiltinSources, options: BuiltinOptions = {}): readonly Tool[] {
  const { status, run, registry, logDir, flushLogs = () => undefined } = sources;
  const { isVariableSet = () => false } = options;
  // Read when a tool is called: by then the list is made.
  const toolNames = (): readonly string[] => chosen.tools.map(({ name }) => name);
  const chosen = visibleTools(
    [
      versionTool(run),
      listmodelsTool(isVariableSet),
      statusTool({ status, registry, logDir, flushLogs, toolNames }),
      healthTool({ status, logDir, flushLogs }),
      activityTool({ logDir, flushLogs }),
      providerCapabilitiesTool({ status, isVariableSet, toolNames }),
    ],
    options.visibility ?? {},
  );
  for (const name of chosen.unknownNames) options.onUnknownTool?.(name);
  return chosen.tools;
}
