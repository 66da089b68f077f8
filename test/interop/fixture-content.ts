import type {
  AudioContent,
  ElicitRequestFormParams,
  ImageContent,
  Prompt,
  ResourceTemplate,
  Tool,
} from '@modelcontextprotocol/sdk/types.js';

type FormSchema = ElicitRequestFormParams['requestedSchema'];

/** One red pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** No sound at all: the head of a WAV file. */
const wav = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==';

export const image: ImageContent = { type: 'image', data: png, mimeType: 'image/png' };
export const audio: AudioContent = { type: 'audio', data: wav, mimeType: 'audio/wav' };

const noArguments: Tool['inputSchema'] = { type: 'object', properties: {} };
const plain = (name: string, description: string): Tool => ({ name, description, inputSchema: noArguments });
const oneText = (name: string, description: string, argument: string): Tool => ({
  name,
  description,
  inputSchema: { type: 'object', properties: { [argument]: { type: 'string' } }, required: [argument] },
});

export const tools: Tool[] = [
  plain('test_simple_text', 'Answers with a sentence'),
  plain('test_image_content', 'Answers with a picture'),
  plain('test_audio_content', 'Answers with a sound'),
  plain('test_embedded_resource', 'Answers with a resource'),
  plain('test_multiple_content_types', 'Answers with text, picture and resource'),
  plain('test_tool_with_logging', 'Logs three messages while it runs'),
  plain('test_tool_with_progress', 'Reports its progress'),
  plain('test_error_handling', 'Always fails'),
  oneText('test_sampling', 'Asks the model of the client', 'prompt'),
  oneText('test_elicitation', 'Asks the user', 'message'),
  plain('test_elicitation_sep1034_defaults', 'Asks the user, with defaults for every kind of value'),
  plain('test_elicitation_sep1330_enums', 'Asks the user to choose, in every form of a choice'),
  plain('test_reconnection', 'Takes its time, so that a client can lose its stream and come back'),
  {
    name: 'json_schema_2020_12_tool',
    description: 'Has a schema with keywords of JSON Schema 2020-12',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
  },
];

export const prompts: Prompt[] = [
  { name: 'test_simple_prompt', description: 'One sentence' },
  {
    name: 'test_prompt_with_arguments',
    description: 'A sentence with two arguments',
    arguments: [
      { name: 'arg1', description: 'First argument', required: true },
      { name: 'arg2', description: 'Second argument', required: true },
    ],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A resource and a sentence',
    arguments: [{ name: 'resourceUri', description: 'Address of the resource', required: true }],
  },
  { name: 'test_prompt_with_image', description: 'A picture and a sentence' },
];

export const resources: readonly {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly mimeType: string;
  readonly content: { readonly text: string } | { readonly blob: string };
}[] = [
  {
    uri: 'test://static-text',
    name: 'static text',
    description: 'A sentence',
    mimeType: 'text/plain',
    content: { text: 'This is the content of the static text resource.' },
  },
  {
    uri: 'test://static-binary',
    name: 'static binary',
    description: 'A picture',
    mimeType: 'image/png',
    content: { blob: png },
  },
  {
    uri: 'test://watched-resource',
    name: 'watched resource',
    description: 'Can be subscribed to',
    mimeType: 'text/plain',
    content: { text: 'Nothing has changed.' },
  },
];

export const templates: ResourceTemplate[] = [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'template',
    description: 'Data by id',
    mimeType: 'application/json',
  },
];

export const person: FormSchema = {
  type: 'object',
  properties: {
    username: { type: 'string', description: "User's response" },
    email: { type: 'string', description: "User's email address" },
  },
  required: ['username', 'email'],
};

export const defaults: FormSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'A name', default: 'John Doe' },
    age: { type: 'integer', description: 'An age', default: 30 },
    score: { type: 'number', description: 'A score', default: 95.5 },
    status: { type: 'string', description: 'A state', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', description: 'Whether it is so', default: true },
  },
  required: [],
};

const titled = (names: readonly string[], kind: string) =>
  names.map((name, index) => ({ const: `value${index + 1}`, title: `${name} ${kind}` }));

export const choices: FormSchema = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: titled(['First', 'Second', 'Third'], 'Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: titled(['First', 'Second', 'Third'], 'Choice') } },
  },
  required: [],
};
