import { describe, expect, it } from 'vitest';
import { type AdminRow, adminRoutes } from '../../protocol/admin-api.ts';
import { openApiDocument } from './openapi.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly required: boolean };
  readonly security: readonly Record<string, unknown>[];
  readonly responses: Readonly<Record<string, unknown>>;
}

const document = openApiDocument('exai_ui_0a1b2c3d');
const paths = document['paths'] as Record<string, Record<string, Operation>>;

function operation(method: string, path: string): Operation | undefined {
  return paths[path]?.[method];
}

describe('the OpenAPI document', () => {
  it('LIVE-openapi: has every row of the table, and nothing else', () => {
    expect(document.openapi).toBe('3.1.0');
    const rows: AdminRow[] = Object.values(adminRoutes);
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const expected = rows.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(documented.toSorted()).toEqual(expected.toSorted());
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(ids.toSorted()).toEqual(Object.keys(adminRoutes).toSorted());
  });

  it('LIVE-openapi: describes parameters, bodies, answers and who may ask', () => {
    expect(operation('get', '/api/logs/{source}')?.parameters).toMatchObject([
      { name: 'source', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'lines', in: 'query', required: false, schema: { default: 200 } },
      { name: 'level', in: 'query', required: false, schema: { enum: ['debug', 'info', 'warn', 'error'] } },
    ]);
    expect(document['components']).toMatchObject({ securitySchemes: { cookie: { name: 'exai_ui_0a1b2c3d' } } });
    expect(operation('patch', '/api/capacity')?.requestBody?.required).toBe(true);
    expect(operation('post', '/api/token/rotate')?.requestBody?.required).toBe(false);
    expect(Object.keys(operation('post', '/api/daemon/pause')?.responses ?? {})).toEqual(['204', 'default']);
    expect(operation('get', '/api/events')?.responses).toHaveProperty(['200', 'content', 'application/x-ndjson']);
    expect(operation('post', '/api/ui/session')?.security).toEqual([]);
    expect(operation('post', '/api/ui/tickets')?.security).toEqual([{ adminSecret: [] }]);
    expect(operation('get', '/api/status')?.security).toEqual([{ adminSecret: [] }, { cookie: [], requestKey: [] }]);
    expect(operation('get', '/api/snapshot')?.responses).toHaveProperty([
      '200',
      'content',
      'application/json',
      'schema',
      'properties',
      'sessions',
    ]);
  });

  it('LIVE-openapi: is plain JSON whose references lead somewhere', () => {
    const text = JSON.stringify(document);
    expect(JSON.parse(text)).toEqual(document);
    expect(text).not.toContain('$schema');
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
    expect(new Set(references)).toEqual(new Set(['#/components/schemas/Error']));
  });
});
