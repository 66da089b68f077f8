import { type Edit, memberOf } from '../../protocol/json-slices.ts';
import { spliced, splicedParts } from '../upstreams/spliced.ts';

export interface ParamChanges {
  /** Value of `name`, when the server calls it differently. */
  readonly name?: string;
  /** Replaces the client's own token; nothing is asked for when the client has none. */
  readonly progressToken?: number;
}

/**
 * `params` of a client for a server, in parts: name and progress token are exchanged, every other byte is the client's,
 * and a view of it.
 */
export function relayedParams(params: Buffer, { name, progressToken }: ParamChanges): readonly Buffer[] {
  const edits: Edit[] = [];
  if (name !== undefined) {
    const found = memberOf(params, 0, 'name');
    if (found !== undefined) edits.push({ ...found, text: JSON.stringify(name) });
  }
  if (progressToken !== undefined) {
    const meta = memberOf(params, 0, '_meta');
    const token = meta === undefined ? undefined : memberOf(params, meta.start, 'progressToken');
    if (token !== undefined) edits.push({ ...token, text: String(progressToken) });
  }
  return edits.length === 0 ? [params] : splicedParts(params, { start: 0, end: params.length }, edits);
}

/** The same for the name inside `ref` of a completion. */
export function withRefName(params: Buffer, name: string): Buffer {
  const ref = memberOf(params, 0, 'ref');
  const found = ref === undefined ? undefined : memberOf(params, ref.start, 'name');
  if (found === undefined) return params;
  return spliced(params, { start: 0, end: params.length }, [{ ...found, text: JSON.stringify(name) }]);
}
