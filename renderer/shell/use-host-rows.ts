import type { MenuRow } from '../../protocol/host-bridge.ts';
import { useTray } from '../state/use-tray.ts';
import type { MenuItem } from '../ui/menu.tsx';
import type { EndDaemon } from './use-end-daemon.tsx';

/**
 * The rows of the tray's menu, for desktops without a tray: the same ids, words and rules. Their meaning stays in the app,
 * except that this window asks its own question before calls end. Undefined in a browser.
 */
export function useHostRows(end: EndDaemon): readonly MenuItem[] | undefined {
  const { tray, state } = useTray();
  if (tray === undefined || state === undefined) return undefined;
  const itemOf = ({ id, label, isEnabled, isChecked, submenu }: MenuRow): MenuItem => ({
    id,
    label,
    isEnabled,
    ...(isChecked === undefined ? {} : { isChecked }),
    ...(submenu === undefined ? {} : { submenu: submenu.map(itemOf) }),
    run: () => {
      if (id === 'daemon:stop') end.request('stop');
      else if (id === 'daemon:restart') end.request('restart');
      else void tray.ask('command', { type: 'menu', id });
    },
  });
  return state.menu.map(itemOf);
}
