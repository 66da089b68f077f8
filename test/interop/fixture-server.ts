import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  CompleteRequestSchema,
  type ElicitRequestFormParams,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { audio, choices, defaults, image, person, prompts, resources, templates, tools } from './fixture-content.ts';

/**
 * The MCP server that the scenarios of the conformance suite ask for, over stdio. It is run behind the daemon, so that what
 * is tested is what the daemon makes of it.
 */
const server = new Server(
  { name: 'conformance-fixture', version: '1.0.0' },
  {
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    },
  },
);

const invalidParams = -32_602;
const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] });
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts }));
server.setRequestHandler(ListResourcesRequestSchema, () => ({
  resources: resources.map(({ uri, name, description, mimeType }) => ({ uri, name, description, mimeType })),
}));
server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: templates }));
server.setRequestHandler(SubscribeRequestSchema, () => ({}));
server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
server.setRequestHandler(SetLevelRequestSchema, () => ({}));
server.setRequestHandler(CompleteRequestSchema, ({ params }) => {
  const values = ['paris', 'park', 'party'].filter((value) => value.startsWith(params.argument.value));
  return { completion: { values, total: values.length, hasMore: false } };
});

server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: 'application/json', text: data }] };
  }
  const found = resources.find((resource) => resource.uri === uri);
  if (found === undefined) throw new McpError(invalidParams, `unknown resource ${uri}`);
  return { contents: [{ uri, mimeType: found.mimeType, ...found.content }] };
});

server.setRequestHandler(GetPromptRequestSchema, ({ params: { name, arguments: args = {} } }) => {
  const said = (value: string) => ({ role: 'user' as const, content: { type: 'text' as const, text: value } });
  switch (name) {
    case 'test_simple_prompt':
      return { messages: [said('This is a simple prompt for testing.')] };
    case 'test_prompt_with_arguments':
      return { messages: [said(`Prompt with arguments: arg1='${args['arg1'] ?? ''}', arg2='${args['arg2'] ?? ''}'`)] };
    case 'test_prompt_with_embedded_resource': {
      const resource = {
        uri: args['resourceUri'] ?? '',
        mimeType: 'text/plain',
        text: 'Embedded resource content for testing.',
      };
      return {
        messages: [
          { role: 'user', content: { type: 'resource', resource } },
          said('Please process the embedded resource above.'),
        ],
      };
    }
    case 'test_prompt_with_image':
      return { messages: [{ role: 'user', content: image }, said('Please analyze the image above.')] };
    default:
      throw new McpError(invalidParams, `unknown prompt ${name}`);
  }
});

server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra): Promise<CallToolResult> => {
  const args = params.arguments ?? {};
  const log = (data: string) =>
    extra.sendNotification({ method: 'notifications/message', params: { level: 'info', logger: 'fixture', data } });
  const elicit = async (message: string, requestedSchema: ElicitRequestFormParams['requestedSchema'], done: string) => {
    const { action, content } = await server.elicitInput(
      { mode: 'form', message, requestedSchema },
      { relatedRequestId: extra.requestId },
    );
    return text(`${done}: action=${action}, content=${JSON.stringify(content ?? {})}`);
  };
  switch (params.name) {
    case 'test_simple_text':
      return text('This is a simple text response for testing.');
    case 'test_image_content':
      return { content: [image] };
    case 'test_audio_content':
      return { content: [audio] };
    case 'test_embedded_resource': {
      const resource = {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      };
      return { content: [{ type: 'resource', resource }] };
    }
    case 'test_multiple_content_types': {
      const resource = {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: JSON.stringify({ test: 'data', value: 123 }),
      };
      return {
        content: [{ type: 'text', text: 'Multiple content types test:' }, image, { type: 'resource', resource }],
      };
    }
    case 'test_tool_with_logging':
      await log('Tool execution started');
      await pause(50);
      await log('Tool processing data');
      await pause(50);
      await log('Tool execution completed');
      return text('The tool has logged three messages.');
    case 'test_tool_with_progress': {
      const progressToken = extra._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progress > 0) await pause(50);
        if (progressToken === undefined) continue;
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100, message: `${progress} of 100` },
        });
      }
      return text('The tool has reported its progress.');
    }
    case 'test_error_handling':
      return { ...text('This tool intentionally returns an error for testing'), isError: true };
    case 'test_sampling': {
      const { content } = await server.createMessage(
        { messages: [{ role: 'user', content: { type: 'text', text: String(args['prompt']) } }], maxTokens: 100 },
        { relatedRequestId: extra.requestId },
      );
      return text(`LLM response: ${content.type === 'text' ? content.text : content.type}`);
    }
    case 'test_elicitation':
      return elicit(String(args['message']), person, 'User response');
    case 'test_elicitation_sep1034_defaults':
      return elicit('Please look at these values.', defaults, 'Elicitation completed');
    case 'test_elicitation_sep1330_enums':
      return elicit('Please choose.', choices, 'Elicitation completed');
    case 'test_reconnection':
      await pause(500);
      return text('The tool has taken its time.');
    case 'json_schema_2020_12_tool':
      return text(`Called with ${JSON.stringify(args)}`);
    default:
      throw new McpError(invalidParams, `unknown tool ${params.name}`);
  }
});

await server.connect(new StdioServerTransport());
