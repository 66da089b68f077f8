import { editorOf } from './catalogue.ts';
import type { EntrySpec, RenderedEntry, Target, WayIn } from './editor.ts';
import { type Entry, entryOf, isVsCode, needsInput, tokenInput, tokenPlaceholder } from './entry-forms.ts';
import { formatOf } from './format-of.ts';
import { warn } from './refuse.ts';

/** A whole file with this one entry, for the clipboard; it never holds a token (CLIENTS §12 W4). */
export function renderEntry(
  target: Target,
  spec: EntrySpec,
  wayIn: WayIn,
  platform: NodeJS.Platform,
): RenderedEntry | undefined {
  const editor = editorOf(target.editor);
  const entry = editor.waysIn.includes(wayIn) ? entryOf(target, spec, wayIn, platform) : undefined;
  if (entry === undefined) return undefined;
  const input = needsInput(target, wayIn) ? tokenInput : undefined;
  const { text } = formatOf(target).add(undefined, target, { key: spec.serverName, entry, input });
  const byHand = wayIn !== 'stdio' && editor.token === 'paste' ? [warn('pasteToken', { name: tokenPlaceholder })] : [];
  const set = wayIn !== 'stdio' && editor.token === 'variable' ? [warn('setVariable', { name: 'EXAI_WS_TOKEN' })] : [];
  return {
    text,
    grammar: target.grammar,
    installLink: installLink(target, spec, entry, input),
    warnings: [...byHand, ...set],
  };
}

/** Links that make the client ask by itself: `vscode:mcp/install?…` and Cursor's (CLIENTS §8). */
function installLink(target: Target, spec: EntrySpec, entry: Entry, input: Entry | undefined): string | undefined {
  if (isVsCode(target)) {
    const scheme = target.editor === 'vscode' ? 'vscode' : target.editor;
    const inputs = input === undefined ? {} : { inputs: [input] };
    return `${scheme}:mcp/install?${encodeURIComponent(JSON.stringify({ name: spec.serverName, ...entry, ...inputs }))}`;
  }
  if (target.editor !== 'cursor') return undefined;
  const config = encodeURIComponent(Buffer.from(JSON.stringify(entry)).toString('base64'));
  return `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(spec.serverName)}&config=${config}`;
}
