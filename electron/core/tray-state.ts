import type { SupervisorView } from '../../protocol/host-bridge.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

/** Shapes of the icon, worst first (UI §2). */
export const trayStates = ['error', 'stopped', 'starting', 'attention', 'working', 'idle'] as const;
export type TrayState = (typeof trayStates)[number];

export interface TrayStateFacts {
  readonly supervisor: SupervisorView;
  /** Null while the feed is not read. */
  readonly snapshot: Snapshot | null;
  /** Epoch milliseconds. */
  readonly now: number;
  /** When a call was last seen running or waiting; null when never. */
  readonly workedAt: number | null;
}

/** A picture that comes and goes within this time would flicker. */
export const workingHoldMs = 1_000;

/** What the icon says. Pure; the first that fits wins. */
export function trayState({ supervisor, snapshot, now, workedAt }: TrayStateFacts): TrayState {
  const problems = snapshot?.problems ?? [];
  if (supervisor.state === 'failed' || supervisor.problem?.code === 'DAEMON_UNAVAILABLE') return 'error';
  if (problems.some(({ severity, scope }) => severity === 'error' && scope.kind === 'daemon')) return 'error';
  switch (supervisor.state) {
    case 'stopped':
      return 'stopped';
    case 'starting':
    case 'stopping':
    case 'backing-off':
      return 'starting';
    case 'ready':
      break;
  }
  if (snapshot?.daemon.state === 'starting' || snapshot?.daemon.state === 'draining') return 'starting';
  const isOldTokenUsed = snapshot?.sessions.some(({ hasOldToken }) => hasOldToken) ?? false;
  if (problems.length > 0 || isOldTokenUsed || supervisor.problem !== null) return 'attention';
  if (isWorking(snapshot) || (workedAt !== null && now - workedAt < workingHoldMs)) return 'working';
  return 'idle';
}

/** Whether a call runs or waits. */
export function isWorking(snapshot: Snapshot | null): boolean {
  return snapshot !== null && snapshot.totals.inflight + snapshot.totals.queued > 0;
}

const swapMs = 600;
const swapForMs = 10_000;

/**
 * Name of the picture. `starting` swaps its halves for a while and then rests.
 * @param sinceMs how long it has been in this state
 */
export function trayPicture(state: TrayState, sinceMs: number, isMotionReduced: boolean): string {
  if (state !== 'starting' || isMotionReduced || sinceMs >= swapForMs) return state;
  return Math.floor(sinceMs / swapMs) % 2 === 0 ? 'starting' : 'starting-b';
}

/** When the picture changes by itself; undefined when it rests. */
export function nextPictureInMs(state: TrayState, sinceMs: number, isMotionReduced: boolean): number | undefined {
  if (state !== 'starting' || isMotionReduced || sinceMs >= swapForMs) return undefined;
  return swapMs - (sinceMs % swapMs);
}

export interface PictureSystem {
  readonly platform: NodeJS.Platform;
  /** The bar that the icon stands on is dark. */
  readonly isBarDark: boolean;
  /** Linux: what the person chose; there the system does not tell what the bar looks like. */
  readonly glyph: 'automatic' | 'light' | 'dark';
}

/** File of a picture below the folder of resources. A macOS name must end in `Template`: the system colours it. */
export function trayPictureFile(picture: string, { platform, isBarDark, glyph }: PictureSystem): string {
  switch (platform) {
    case 'darwin':
      return `tray/mac/${picture}Template.png`;
    case 'win32':
      return `tray/win/${picture}-${isBarDark ? 'light' : 'dark'}.ico`;
    default:
      return `tray/linux/${picture}-${glyph === 'automatic' ? 'light' : glyph}.png`;
  }
}
