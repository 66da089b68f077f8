import { type ErrorData, errorData } from '../../protocol/errors.ts';
import { mcpRevisions } from '../../protocol/version.ts';

/**
 * The one place that tells the eras of MCP apart (docs/adr/0014). Legacy revisions open a session with `initialize`;
 * since 2026-07-28 every request carries its revision and stands alone. This daemon serves legacy revisions only, and
 * says so to a client of the modern era in that era's own words, after which the client falls back to `initialize`.
 */
export type Era = { readonly type: 'legacy' } | { readonly type: 'refused'; readonly error: EraError };

export interface EraError {
  readonly code: -32020 | -32022;
  readonly message: string;
  readonly data: ErrorData & { readonly supported?: readonly string[]; readonly requested?: string };
}

/** Where a modern request says its revision: in `params._meta`. */
const revisionMetaKey = 'io.modelcontextprotocol/protocolVersion';

/**
 * @param header `MCP-Protocol-Version`; undefined when absent, which a client of 2025-03-26 may
 * @param meta revision in the request's own `_meta`
 */
export function decideEra(header: string | undefined, meta: string | undefined): Era {
  if (header !== undefined && meta !== undefined && header !== meta) {
    return {
      type: 'refused',
      error: {
        code: -32020,
        message: 'The header MCP-Protocol-Version and the request name different revisions.',
        data: errorData({ code: 'INVALID_REQUEST', message: '', hint: 'Send the same revision in both places.' }),
      },
    };
  }
  const asked = meta ?? header;
  if (asked === undefined || isServed(asked)) return { type: 'legacy' };
  return { type: 'refused', error: unsupported(asked) };
}

function isServed(revision: string): boolean {
  return mcpRevisions.some((served) => served === revision);
}

function unsupported(requested: string): EraError {
  return {
    code: -32022,
    message: 'This revision of MCP is not served here.',
    data: {
      ...errorData({
        code: 'INVALID_REQUEST',
        message: '',
        hint: 'Begin with initialize and one of the supported revisions.',
      }),
      supported: [...mcpRevisions],
      requested: requested.slice(0, 64),
    },
  };
}

/** The revision in the `_meta` of a message. Looks at the bytes first: almost no message has one. */
export function revisionInMeta(bytes: Buffer): string | undefined {
  if (!bytes.includes(revisionMetaKey)) return undefined;
  try {
    const message: unknown = JSON.parse(bytes.toString('utf8'));
    const revision = property(property(property(message, 'params'), '_meta'), revisionMetaKey);
    return typeof revision === 'string' ? revision : undefined;
  } catch {
    return undefined; // who reads the message answers
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
