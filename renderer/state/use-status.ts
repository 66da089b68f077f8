import type { SupervisorView } from '../../protocol/host-bridge.ts';
import { useLive } from './services.ts';
import { type StatusId, statusOf } from './status.ts';
import { useTray } from './use-tray.ts';

/** What the first line says. The owner of the daemon knows better than a feed whether it runs. */
export function useStatus(): StatusId {
  const heard = useLive(statusOf);
  const { state } = useTray();
  return state === undefined ? heard : ownedStatusOf(state.supervisor.state, heard);
}

/** `heard`: what the feed says, which counts while the daemon is up. */
export function ownedStatusOf(supervisor: SupervisorView['state'], heard: StatusId): StatusId {
  switch (supervisor) {
    case 'ready':
      return heard;
    case 'backing-off':
      return 'starting';
    case 'stopped':
    case 'starting':
    case 'stopping':
    case 'failed':
      return supervisor;
  }
}
