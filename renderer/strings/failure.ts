import { type ApiFailure, unreachable, unreadable } from '../api/admin-client.ts';
import type { Words } from './words.ts';

/** Why a request failed, in one sentence: the daemon's own where it gave one. */
export function describeFailure({ code, message }: ApiFailure, { text, fill }: Words): string {
  if (code === unreachable) return text.errors.request.unreachable;
  if (code === unreadable) return text.errors.request.unreadable;
  return message ?? fill(text.errors.request.failed, { code });
}
