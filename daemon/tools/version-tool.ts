import { z } from 'zod';
import { mcpRevisions, protocolVersion, version } from '../../protocol/version.ts';
import { uptimeHuman } from '../observe/health-file.ts';
import type { RunSource } from '../observe/status.ts';
import { defineTool, readOnly, type Tool } from './tool.ts';

const output = z.object({
  name: z.string(),
  version: z.string(),
  protocol: z.string(),
  mcp_revisions: z.array(z.string()),
  node: z.string(),
  platform: z.string(),
  daemon_run_id: z.string(),
  uptime_human: z.string(),
});

/** Called often, to see whether the daemon is there: so it asks for no more than it shows. */
export function versionTool(source: RunSource): Tool {
  const platform = `${process.platform} ${process.arch}`;
  const revisions = mcpRevisions.join(', ');
  return defineTool({
    name: 'version',
    title: 'Version',
    description:
      'Shows the version of the EXAI daemon that answers, the protocols it speaks and how long it has been running.',
    input: z.object({}),
    output,
    annotations: readOnly,
    isExempt: true,
    run: () => {
      const { daemonRunId, uptimeSeconds } = source.run();
      const facts = {
        name: 'exai-tray',
        version,
        protocol: protocolVersion,
        mcp_revisions: mcpRevisions,
        node: process.version,
        platform,
        daemon_run_id: daemonRunId,
        uptime_human: uptimeHuman(uptimeSeconds),
      };
      const text = `# EXAI daemon ${version}

- Up ${facts.uptime_human}, run ${daemonRunId}
- EXAI protocol ${protocolVersion}; MCP ${revisions}
- Node ${process.version} on ${platform}`;
      return { content: [{ type: 'text', text }], structuredContent: facts };
    },
  });
}
