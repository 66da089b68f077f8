import type { Words } from '../strings/words.ts';
import type { Model } from './model.ts';

const namesShown = 6;

/** Running and waiting calls as one sentence, each with whose it is; undefined when there are none. */
export function callNames({ calls, callOrder, sessions }: Model, { text, fill }: Words): string | undefined {
  if (callOrder.length === 0) return undefined;
  const names = callOrder.slice(0, namesShown).map((id) => {
    const call = calls.get(id);
    const owner = sessions.get(call?.sessionKey ?? '')?.name ?? call?.sessionId ?? '';
    return fill(text.tray.stop.call, { tool: call?.tool ?? '', session: owner });
  });
  const more = callOrder.length - names.length;
  if (more > 0) names.push(fill(text.tray.quit.more, { count: String(more) }));
  return fill(text.tray.stop.body, { calls: names.join(', ') });
}
