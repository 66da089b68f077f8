import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { MenuItemConstructorOptions } from 'electron';
import { app } from './app.ts';
import { type Menu, nativeTheme, powerMonitor, trays } from './desktop.ts';
import { home, preventable, record } from './record.ts';
import { windows } from './window.ts';

/** A row of the tray's menu as a test sees it. */
export interface ControlRow {
  readonly id: string;
  readonly label: string;
  readonly isEnabled: boolean;
  readonly isChecked: boolean;
  readonly submenu: readonly ControlRow[];
}

/** What a test reads of the app from outside. */
export interface ControlState {
  readonly trays: readonly {
    readonly image: string;
    readonly toolTip: string;
    readonly imageChanges: number;
    readonly menu: readonly ControlRow[];
  }[];
  readonly windows: readonly {
    readonly cdp: string | null;
    /** As the app knows it. */
    readonly url: string;
    readonly isVisible: boolean;
    readonly isMinimised: boolean;
    readonly bounds: { readonly width: number; readonly height: number };
  }[];
  /** Listeners of the parts of Electron that live as long as the app. */
  readonly listeners: number;
  readonly record: typeof record;
}

const secret = randomBytes(16).toString('hex');

/** Levers of a test in another process. The app never sees them. */
const verbs: Readonly<Record<string, (query: URLSearchParams) => unknown>> = {
  state: (): ControlState => ({
    trays: [...trays].map(({ image, toolTip, menu, imageChanges }) => ({
      image: image.path,
      toolTip,
      imageChanges,
      menu: rowsOf(menu),
    })),
    windows: [...windows].map((window) => ({
      cdp: window.cdpAddress() ?? null,
      url: window.webContents.frame.url,
      isVisible: window.isVisible(),
      isMinimised: window.isMinimized(),
      bounds: window.getBounds(),
    })),
    listeners: [app, nativeTheme, powerMonitor, ...trays, ...windows]
      .flatMap((part) => part.eventNames().map((name) => part.listenerCount(name)))
      .reduce((sum, count) => sum + count, 0),
    record,
  }),
  'tray-click': () => [...trays][0]?.emit('click'),
  'menu-click': (query) => clickRow(query.get('id') ?? ''),
  'window-drag': (query) => {
    const [x = 0, y = 0, width = 0, height = 0] = (query.get('bounds') ?? '').split(',').map(Number);
    [...windows][0]?.drag({ x, y, width, height });
  },
  'window-close': () => [...windows][0]?.close(),
  'answer-dialog': (query) =>
    record.dialogAnswers.push({ response: Number(query.get('response')), checkboxChecked: query.has('checked') }),
  'hold-dialogs': () => {
    record.areDialogsHeld = true;
  },
  quit: () => app.quit(),
  // The levers of the system. Each answers whether the app prevented it.
  shutdown: () => {
    const event = preventable();
    powerMonitor.emit('shutdown', event);
    return event.defaultPrevented;
  },
  suspend: () => powerMonitor.emit('suspend'),
  resume: () => powerMonitor.emit('resume'),
  'query-session-end': () => askWindow('query-session-end'),
  'session-end': () => askWindow('session-end'),
};

/** Windows tells windows: `critical`, `logoff` and the like are in `reasons`. */
function askWindow(name: 'query-session-end' | 'session-end'): boolean {
  const event = { ...preventable(), reasons: ['logoff'] };
  [...windows][0]?.emit(name, event);
  return event.defaultPrevented;
}

function rowsOf(menu: Menu | undefined): ControlRow[] {
  return (menu?.template ?? []).map(rowOf);
}

function rowOf({
  id = '',
  label = '',
  enabled = true,
  checked = false,
  submenu,
}: MenuItemConstructorOptions): ControlRow {
  return {
    id,
    label,
    isEnabled: enabled,
    isChecked: checked,
    submenu: Array.isArray(submenu) ? submenu.map(rowOf) : [],
  };
}

function clickRow(id: string): void {
  const found = find([...([...trays][0]?.menu?.template ?? [])], id);
  if (found?.enabled === false || found?.click === undefined) throw new Error(`no enabled row '${id}'`);
  (found.click as () => void)();
}

function find(rows: readonly MenuItemConstructorOptions[], id: string): MenuItemConstructorOptions | undefined {
  for (const row of rows) {
    if (row.id === id) return row;
    const below = Array.isArray(row.submenu) ? find(row.submenu, id) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, key, verb = ''] = url.pathname.split('/');
  const act = key === secret ? verbs[verb] : undefined;
  if (act === undefined) {
    response.writeHead(404).end();
    return;
  }
  try {
    response.end(JSON.stringify(act(url.searchParams) ?? null));
  } catch (error) {
    response.writeHead(409).end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const file = join(home, `control-${process.pid}.json`);
  writeFileSync(`${file}.new`, JSON.stringify({ url: `http://127.0.0.1:${port}/${secret}` }), { mode: 0o600 });
  renameSync(`${file}.new`, file); // a reader sees all of it or nothing
});
server.unref();
