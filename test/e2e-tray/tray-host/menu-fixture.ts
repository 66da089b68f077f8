import type { MenuRow } from './sni-menu.ts';

/** The menu of a running daemon with two windows, row by row. */
export const runningMenu: readonly MenuRow[] = [
  { id: 'status', label: 'Running: 2 sessions, 1 call', enabled: false },
  { type: 'separator' },
  { id: 'open', label: 'Open EXAI Tray' },
  { id: 'dashboard', label: 'Open dashboard in browser' },
  { id: 'add', label: 'Add VSCode instance…' },
  {
    id: 'sessions',
    label: 'Sessions',
    submenu: [
      {
        id: 'session:vscode-instance-1',
        label: 'VSCode 1 (shop_api)',
        submenu: [
          { id: 'copy-id', label: 'Copy session id' },
          { id: 'open-log', label: 'Open log' },
        ],
      },
      { id: 'session:vscode-instance-2', label: 'VSCode 2 (billing)' },
      { type: 'separator' },
      { id: 'all-sessions', label: 'All sessions…' },
    ],
  },
  { id: 'copy-config', label: 'Copy config', submenu: [{ id: 'copy-config:1', label: 'VSCode 1 (shop_api)' }] },
  { id: 'rotate', label: 'Rotate token' },
  { type: 'separator' },
  { id: 'login', label: 'Launch at login', type: 'checkbox', checked: true },
  { id: 'update', label: 'Check for updates…' },
  { id: 'quit', label: 'Quit…' },
];
