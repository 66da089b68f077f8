import { useCallback } from 'react';
import type { CallView } from '../../protocol/snapshot.ts';
import { useClient } from '../state/services.ts';
import { type Action, useAction } from '../state/use-action.ts';

/** Cancels one call. A call that has ended meanwhile needs no cancelling: that is no failure. */
export function useCancelCall(call: CallView | undefined, callId: string): Action {
  const client = useClient();
  const run = useCallback(async () => {
    const answer = await client.run('cancelCall', { params: { callId } });
    return answer.state === 'failed' && answer.failure.status === 404
      ? { state: 'ok' as const, value: undefined }
      : answer;
  }, [client, callId]);
  return useAction(run, call?.state === 'cancelling');
}
