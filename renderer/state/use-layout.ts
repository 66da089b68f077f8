import { useSyncExternalStore } from 'react';

/** `small`: the window's layout. `wide`: rail and tables. `pane`: wide, with room for a session beside the list. */
export type Layout = 'small' | 'wide' | 'pane';

export function useLayout(): Layout {
  const isWide = useMedia('(min-width: 900px)');
  const isPane = useMedia('(min-width: 1280px)');
  return isPane ? 'pane' : isWide ? 'wide' : 'small';
}

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}
