import { useCallback } from 'react';
import { useServices } from '../state/services.ts';
import { describeFailure } from '../strings/failure.ts';

export const tokenOnClipboardMs = 60_000;

/** The token, asked for at the click. Goes to the clipboard and nowhere else; a failure throws its sentence. */
export function useRevealToken(): () => Promise<string> {
  const { client, words } = useServices();
  return useCallback(async () => {
    const answer = await client.json('revealToken', {});
    if (answer.state === 'failed') throw new Error(describeFailure(answer.failure, words));
    return answer.value.token;
  }, [client, words]);
}

/** Copies the token from a menu, where no button can change: says what has come of it, or gives the reason. */
export function useCopyToken(): () => Promise<string | undefined> {
  const { host, notices, words } = useServices();
  const reveal = useRevealToken();
  return useCallback(async () => {
    const { common } = words.text;
    const outcome = await host.copyText(reveal(), { clearAfterMs: tokenOnClipboardMs });
    if (outcome.state === 'failed') return common.copyTokenFailed;
    notices
      .getState()
      .showToast(outcome.isCleared ? common.copied : `${common.copied}${common.separator}${common.clearClipboardHint}`);
    return undefined;
  }, [host, notices, reveal, words]);
}
