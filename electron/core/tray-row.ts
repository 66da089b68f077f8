import type { HostCommand, MenuRow } from '../../protocol/host-bridge.ts';

/** What a click on a row does. */
export type MenuAction =
  | { readonly type: 'command'; readonly command: HostCommand }
  /** Shows the window at this place. */
  | { readonly type: 'show'; readonly hash: string }
  | { readonly type: 'dashboard' }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'copy-config'; readonly window: number }
  | { readonly type: 'copy-diagnostics' }
  | { readonly type: 'disconnect'; readonly sessionKey: string }
  | { readonly type: 'open-log'; readonly source: string }
  | { readonly type: 'reveal-logs' };

export interface TrayRow extends MenuRow {
  readonly action?: MenuAction | undefined;
  readonly submenu?: readonly TrayRow[] | undefined;
}

/** A row that does something. */
export function row(id: string, label: string, isEnabled: boolean, action: MenuAction): TrayRow {
  return { id, label, isEnabled, action };
}

/** The row with this id, however deep, when it can be clicked. */
export function findRow(rows: readonly TrayRow[], id: string): TrayRow | undefined {
  for (const candidate of rows) {
    if (!candidate.isEnabled) continue;
    if (candidate.id === id) return candidate;
    const below = findRow(candidate.submenu ?? [], id);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** The rows as the window gets them: what a click does stays here. */
export function plainRows(rows: readonly TrayRow[]): MenuRow[] {
  return rows.map(({ id, label, isEnabled, isChecked, isDefault, submenu }) => ({
    id,
    label,
    isEnabled,
    ...(isChecked === undefined ? {} : { isChecked }),
    ...(isDefault === undefined ? {} : { isDefault }),
    ...(submenu === undefined ? {} : { submenu: plainRows(submenu) }),
  }));
}
