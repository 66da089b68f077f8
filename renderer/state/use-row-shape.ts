import { usePreferences } from './services.ts';
import { useLayout } from './use-layout.ts';

/** `columns`: one line with a head above. `line`: one short line. `two-line`: title and second line. */
export type RowShape = 'columns' | 'line' | 'two-line';

/** How the rows of long lists are drawn, by the width and by what the person has chosen. */
export function useRowShape(): RowShape {
  const isWide = useLayout() !== 'small';
  const size = usePreferences(({ rows }) => rows);
  const isCompact = size === 'auto' ? isWide : size === 'compact';
  if (!isCompact) return 'two-line';
  return isWide ? 'columns' : 'line';
}
