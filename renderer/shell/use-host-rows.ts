import type { MenuRow } from '../../protocol/host-bridge.ts';
import { useTray } from '../state/use-tray.ts';
import type { MenuItem } from '../ui/menu.tsx';

/** Rows of the tray's menu that the page has no row of its own for. Their meaning stays in the app. */
const taken: ReadonlySet<string> = new Set(['dashboard', 'login', 'update', 'quit']);

/** What the tray's menu offers beyond the page, for desktops without a tray; nothing in a browser. */
export function useHostRows(): readonly MenuItem[] {
  const { tray, state } = useTray();
  if (tray === undefined || state === undefined) return [];
  const rows = state.menu.flatMap((row) => {
    if (row.id === 'daemon') return (row.submenu ?? []).filter(({ id }) => id !== 'daemon:pause');
    return taken.has(row.id) ? [row] : [];
  });
  return rows.map(({ id, label, isEnabled, isChecked }: MenuRow) => ({
    id,
    label,
    isEnabled,
    ...(isChecked === undefined ? {} : { isChecked }),
    run: () => void tray.ask('command', { type: 'menu', id }),
  }));
}
