import { createLogger } from '../../platform/json-logger.ts';
import { everythingVisible } from '../mcp/aggregate.ts';
import { McpHub } from '../mcp/mcp-hub.ts';
import { ToolCatalog } from '../mcp/tool-catalog.ts';
import type { Tool } from '../tools/tool.ts';
import { Upstreams } from '../upstreams/upstreams.ts';

/** A hub with these tools and no server. */
export function hubOf(tools: readonly Tool[]): McpHub {
  return new McpHub({
    catalog: new ToolCatalog(tools),
    filter: everythingVisible,
    onChanged: () => undefined,
    onListsChanged: () => undefined,
    createUpstreams: ({ listener, windowOf }) =>
      new Upstreams({
        logger: createLogger({ level: 'error', write: () => undefined }),
        listener,
        windowOf,
        knownLists: () => null,
        openerOf: () => () => {
          throw new Error('there is no server');
        },
      }),
  });
}
