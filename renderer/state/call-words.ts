import { providerLabel } from '../../protocol/provider-label.ts';
import type { CallView } from '../../protocol/snapshot.ts';
import type { Words } from '../strings/words.ts';
import type { ShownRow } from './stable-rows.ts';

/** What a row of a call says: its own state, or how it went once it is over. */
export type CallRowState = CallView['state'] | 'done' | 'cancelled';

/** The feed tells that a call is over, not how; one that was being cancelled is taken to be cancelled. */
export function rowStateOf({ state }: CallView, phase: ShownRow['phase'], isCancelAsked: boolean): CallRowState {
  if (phase === 'live') return isCancelAsked ? 'cancelling' : state;
  return state === 'cancelling' ? 'cancelled' : 'done';
}

/** "step 2 of 4", or what the tool itself says; nothing when it has said nothing. */
export function progressOf({ progress }: CallView, { text, fill }: Words): string | undefined {
  if (progress === null) return undefined;
  const { value, total, message } = progress;
  if (message !== null && message !== '') return message;
  return total === null
    ? fill(text.overview.call.progress, { value })
    : fill(text.overview.call.step, { value, total });
}

/** Whose model or server does it. */
export function sourceOf({ provider, upstream }: CallView): string | null {
  return provider === null ? upstream : providerLabel(provider);
}

/** The second line: provider and progress, else what it was called with. */
export function detailOf(call: CallView, words: Words): string {
  const parts = [sourceOf(call), progressOf(call, words) ?? call.argumentsPreview];
  return parts.filter((part) => part !== null && part !== '').join(words.text.common.separator);
}
