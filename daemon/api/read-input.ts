import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { AdminRow } from '../../protocol/admin-api.ts';
import { type Failure, FailureError } from '../../protocol/errors.ts';
import { readBody } from '../listen/read-body.ts';

/** Largest JSON body of the admin API. */
const maxAdminBodyBytes = 1024 * 1024;

/**
 * What a handler is given: path parameters, query and body, parsed by the schemas of the row. A body is read only for a
 * row that has one; any other is dropped unread.
 * @throws FailureError NOT_FOUND for an impossible parameter, INVALID_REQUEST, PAYLOAD_TOO_LARGE, VALIDATION_ERROR with the
 * name of the field
 */
export async function readInput(
  row: AdminRow,
  request: IncomingMessage,
  params: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  if (row.params !== undefined) {
    const parsed = row.params.safeParse(params);
    if (!parsed.success) throw new FailureError({ code: 'NOT_FOUND', message: 'There is no such thing.' });
    input['params'] = parsed.data;
  }
  if (row.query !== undefined) input['query'] = checked(row.query, queryOf(request.url ?? ''), 'query');
  if (row.body === undefined) request.resume();
  else input['body'] = checked(row.body, await readJson(request), 'body');
  return input;
}

function queryOf(url: string): Record<string, string> {
  const at = url.indexOf('?');
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(at === -1 ? '' : url.slice(at + 1))) {
    if (Object.hasOwn(values, name)) throw invalid(`${name} is given twice.`);
    // Assigned by definition, so that a name like __proto__ stays a name.
    Object.defineProperty(values, name, { value, enumerable: true });
  }
  return values;
}

function checked(schema: z.ZodType, value: unknown, whole: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? whole : issue.path.map(String).join('.');
  throw invalid(`${field}: ${issue?.message ?? 'not what was expected'}`);
}

function invalid(message: string): FailureError {
  return new FailureError({ code: 'VALIDATION_ERROR', message });
}

/** The JSON of the body; undefined when there is none. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  const type = request.headers['content-type'] ?? '';
  // Also keeps forms out: no web page can send this type to another origin without being asked first.
  if (!/^application\/json\s*(?:;|$)/i.test(type.trim())) {
    throw new FailureError({ code: 'INVALID_REQUEST', message: 'The body must be application/json.' });
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new FailureError({ code: 'INVALID_REQUEST', message: 'The body is not JSON.' });
  }
}

const tooLarge: Failure = {
  code: 'PAYLOAD_TOO_LARGE',
  message: `The body is larger than ${maxAdminBodyBytes} bytes.`,
};

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const body = await readBody(request, maxAdminBodyBytes);
  switch (body.type) {
    case 'read':
      return body.bytes;
    case 'cut-off':
      throw new FailureError({ code: 'INVALID_REQUEST', message: 'The body was cut off.' });
    default:
      throw new FailureError(tooLarge);
  }
}
