import { type RequestId, requestIdKey } from '../protocol/ids.ts';
import { limits } from '../protocol/limits.ts';

export type DaemonRequestFate =
  | { readonly type: 'forward' }
  /** The editor has it already and has not answered yet. */
  | { readonly type: 'waiting' }
  /** The editor has answered; its answer was lost on the way. */
  | { readonly type: 'answered'; readonly response: Uint8Array };

/**
 * Requests that the daemon makes to the editor (sampling, elicitation, roots; WIRE §§5.1, 5.2). After a resume the
 * daemon repeats those without an answer: the editor must see each once.
 */
export class DaemonRequests {
  readonly #open = new Map<string, RequestId>();
  readonly #responses = new Map<string, Uint8Array>();
  /** Asked by a daemon that is gone: an answer would reach a new daemon's request of the same id. */
  readonly #orphaned = new Set<string>();

  receive(id: RequestId): DaemonRequestFate {
    const key = requestIdKey(id);
    const response = this.#responses.get(key);
    if (response !== undefined) return { type: 'answered', response };
    if (this.#open.has(key)) return { type: 'waiting' };
    this.#orphaned.delete(key);
    this.#open.set(key, id);
    return { type: 'forward' };
  }

  /** The editor's answer. False when nobody waits for it any more. The last 64 are kept for a repeat. */
  answer(id: RequestId, response: Uint8Array): boolean {
    const key = requestIdKey(id);
    if (this.#orphaned.delete(key)) return false;
    this.#open.delete(key);
    this.#responses.delete(key);
    this.#responses.set(key, response);
    if (this.#responses.size > limits.rememberedClientResponses) {
      const oldest = this.#responses.keys().next();
      if (oldest.done !== true) this.#responses.delete(oldest.value);
    }
    return true;
  }

  /** A new daemon knows nothing of the old one's requests. Returns those that the editor still works on. */
  forget(): RequestId[] {
    const open = [...this.#open.values()];
    for (const key of this.#open.keys()) this.#orphaned.add(key);
    this.#open.clear();
    this.#responses.clear();
    return open;
  }
}
