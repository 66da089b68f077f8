import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

/** `direct` of the benchmark: an ordinary stdio server, written as the MCP SDK's documentation shows it. */
const server = new McpServer({ name: 'direct', version: '1.0.0' });
const answer = 'x'.repeat(Number(process.env['BENCH_ANSWER_TEXT_BYTES'] ?? '200'));

server.registerTool(
  'version',
  { description: 'Answers with a text of fixed size', inputSchema: { note: z.string() } },
  () => ({
    content: [{ type: 'text', text: answer }],
  }),
);
server.registerTool(
  'echo',
  { description: 'Answers with its text', inputSchema: { text: z.string() } },
  ({ text }) => ({
    content: [{ type: 'text', text }],
  }),
);

await server.connect(new StdioServerTransport());
