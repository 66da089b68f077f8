import { z } from 'zod';
import { type AdminRow, adminErrorSchema, adminRoutes, csrfHeader } from '../../protocol/admin-api.ts';
import { version } from '../../protocol/version.ts';

type Json = Record<string, unknown>;

const streamType = 'application/x-ndjson';

/** The route table of the admin API as an OpenAPI 3.1 document; what is in the table is in the document. */
export function openApiDocument(cookieName: string): Json & { openapi: string } {
  const paths: Record<string, Json> = {};
  for (const [route, row] of Object.entries(adminRoutes)) {
    const path = row.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [row.method.toLowerCase()]: operation(route, row) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'EXAI daemon, admin API',
      version,
      description:
        'For the person who runs the daemon, never for its clients. Times are epoch seconds, durations milliseconds.',
    },
    paths,
    components: {
      schemas: { Error: jsonSchema(adminErrorSchema, 'output') },
      securitySchemes: {
        adminSecret: {
          type: 'http',
          scheme: 'bearer',
          description: `The line in run/admin.secret. Changes also need the header ${csrfHeader}, with any value.`,
        },
        cookie: { type: 'apiKey', in: 'cookie', name: cookieName },
        requestKey: { type: 'apiKey', in: 'header', name: csrfHeader },
      },
    },
  };
}

function operation(route: string, row: AdminRow): Json {
  const parameters = [...parametersOf(row.params, 'path'), ...parametersOf(row.query, 'query')];
  return {
    operationId: route,
    summary: row.summary,
    security: securityOf(row.access),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(row.body === undefined ? {} : { requestBody: requestBody(row.body) }),
    responses: {
      ...success(row),
      default: {
        description: 'What went wrong',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function securityOf(access: AdminRow['access']): Json[] {
  switch (access) {
    case 'admin':
      return [{ adminSecret: [] }, { cookie: [], requestKey: [] }];
    case 'secret':
      return [{ adminSecret: [] }];
    case 'public':
      return [];
  }
}

function parametersOf(schema: z.ZodType | undefined, where: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, unknown>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }));
}

function requestBody(schema: z.ZodType): Json {
  return {
    required: !schema.safeParse(undefined).success,
    content: { 'application/json': { schema: jsonSchema(schema, 'input') } },
  };
}

function success(row: AdminRow): Json {
  switch (row.answers) {
    case 'json': {
      const schema = row.response === undefined ? {} : jsonSchema(row.response, 'output');
      return { '200': { description: 'Done', content: { 'application/json': { schema } } } };
    }
    case 'ndjson':
      return { '200': { description: 'An endless stream, one JSON text per line', content: { [streamType]: {} } } };
    case 'file':
      return { '200': { description: 'A download', content: { '*/*': {} } } };
    case 'empty':
      return { '204': { description: 'Done' } };
  }
}

/** Without `$schema`: in OpenAPI 3.1 the dialect is that of the whole document. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
