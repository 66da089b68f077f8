import type { KeyboardEvent } from 'react';
import { useModel, useWords } from '../state/services.ts';
import { useTray } from '../state/use-tray.ts';
import { Button } from '../ui/button.tsx';
import type { EndDaemon } from './use-end-daemon.tsx';

/**
 * Start or Stop, whichever applies; absent in a browser, which does not own the daemon. Never filled: while there is
 * something to start, the page below has the filled button that cures it.
 */
export function PrimaryAction({ end }: { readonly end: EndDaemon }) {
  const { text } = useWords();
  const { tray, state } = useTray();
  const isDraining = useModel(({ daemon }) => daemon.state === 'draining') ?? false;
  if (tray === undefined || state === undefined) return null;
  const { menu, stop } = text.tray;
  const look = { kind: 'outlined', testId: 'primary-action' } as const;
  switch (state.supervisor.state) {
    case 'stopped':
    case 'failed':
    case 'backing-off':
      return (
        <Button {...look} onClick={() => void tray.ask('command', { type: 'start' })}>
          {menu.start}
        </Button>
      );
    case 'ready':
      return isDraining ? (
        <Button {...look} onKeyDown={dropRepeats} onClick={end.endNow}>
          {stop.now}
        </Button>
      ) : (
        <Button {...look} onClick={() => end.request('stop')}>
          {menu.stop}
        </Button>
      );
    case 'starting':
      return (
        <Button {...look} onClick={() => end.request('stop')}>
          {menu.stop}
        </Button>
      );
    case 'stopping':
      return (
        <Button {...look} disabled>
          {menu.stop}
        </Button>
      );
  }
}

/** The key that chose to wait may still be down when the focus comes back to this button. */
function dropRepeats(event: KeyboardEvent): void {
  if (event.repeat) event.preventDefault();
}
