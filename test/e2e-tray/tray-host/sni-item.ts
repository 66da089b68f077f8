import dbus from 'dbus-next';
import { eventually } from '../../support/deadline.ts';
import { readOnly } from './read-only.ts';
import { type MenuRow, SniMenu } from './sni-menu.ts';

/** A picture of the icon in one size; `rgba` holds four bytes for each pixel. */
export interface IconPicture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

export interface SniModel {
  /** The same icon in one or more sizes: the host takes the one that fits. */
  readonly icon: readonly IconPicture[];
  readonly tooltip: string;
  readonly menu: readonly MenuRow[];
}

export interface SniOptions {
  readonly id: string;
  /** D-Bus address; the environment's without it. */
  readonly busAddress?: string;
  readonly onActivate?: () => void;
  readonly onMenuClick?: (row: MenuRow) => void;
  /** How long a host may take to appear. */
  readonly timeoutMs?: number;
}

type Pixmap = [number, number, Buffer];

const watcher = 'org.kde.StatusNotifierWatcher';
const watcherPath = '/StatusNotifierWatcher';
let published = 0;

/** The interface that a host reads. */
class Item extends dbus.interface.Interface {
  readonly Category = 'ApplicationStatus';
  readonly Id: string;
  readonly Status = 'Active';
  readonly IconName = '';
  readonly IconThemePath = '';
  readonly ItemIsMenu = false;
  readonly Menu = '/MenuBar';
  IconPixmap: Pixmap[] = [];
  Title = '';
  ToolTip: [string, Pixmap[], string, string] = ['', [], '', ''];
  readonly #onActivate: () => void;

  constructor(id: string, onActivate: () => void) {
    super('org.kde.StatusNotifierItem');
    this.Id = id;
    this.#onActivate = onActivate;
  }

  Activate(): void {
    this.#onActivate();
  }

  NewIcon(): void {}
  NewToolTip(): void {}
  NewTitle(): void {}
}

const texts = { Category: 's', Id: 's', Title: 's', Status: 's', IconThemePath: 's', IconName: 's' };
const others = { IconPixmap: 'a(iiay)', ToolTip: '(sa(iiay)ss)', ItemIsMenu: 'b', Menu: 'o' };
Item.configureMembers({
  properties: readOnly({ ...texts, ...others }),
  methods: { Activate: { inSignature: 'ii' } },
  signals: { NewIcon: { signature: '' }, NewToolTip: { signature: '' }, NewTitle: { signature: '' } },
});

/** A tray icon on the session bus, as Electron's Tray makes one on Linux: a StatusNotifierItem and its menu. */
export class SniItem {
  readonly #bus: dbus.MessageBus;
  readonly #item: Item;
  readonly #menu: SniMenu;

  private constructor(bus: dbus.MessageBus, item: Item, menu: SniMenu) {
    this.#bus = bus;
    this.#item = item;
    this.#menu = menu;
  }

  /** Resolves when the desktop's watcher has taken the icon; rejects when there is none in time. */
  static async publish(model: SniModel, options: SniOptions): Promise<SniItem> {
    const bus = dbus.sessionBus(options.busAddress === undefined ? {} : { busAddress: options.busAddress });
    bus.on('error', () => undefined); // a bus that has gone shows in the next call
    const item = new Item(options.id, options.onActivate ?? (() => undefined));
    const menu = new SniMenu(model.menu, options.onMenuClick ?? (() => undefined));
    const self = new SniItem(bus, item, menu);
    self.#take(model);
    try {
      bus.export('/StatusNotifierItem', item);
      bus.export('/MenuBar', menu);
      published += 1;
      const name = `org.kde.StatusNotifierItem-${process.pid}-${published}`;
      await bus.requestName(name, 0);
      await eventually('a tray host', () => register(bus, name), options.timeoutMs ?? 15_000);
      return self;
    } catch (error) {
      self.remove();
      throw error;
    }
  }

  /** Shows another icon, tooltip or menu; what is left out stays. */
  update(changes: Partial<SniModel>): void {
    this.#take(changes);
    if (changes.icon !== undefined) this.#item.NewIcon();
    if (changes.tooltip !== undefined) {
      this.#item.NewToolTip();
      this.#item.NewTitle();
    }
    if (changes.menu !== undefined) {
      this.#menu.replace(changes.menu);
      this.#menu.LayoutUpdated();
    }
  }

  /** Resolves when the host has read the menu as it is now. */
  async menuRead(): Promise<void> {
    await eventually('a host that reads the menu', () => (this.#menu.isRead ? true : undefined));
  }

  /** Takes the icon away. A host that comes later does not show it: publish it again. */
  remove(): void {
    this.#bus.disconnect();
  }

  #take({ icon, tooltip }: Partial<SniModel>): void {
    if (icon !== undefined) this.#item.IconPixmap = icon.map(pixmap);
    if (tooltip === undefined) return;
    this.#item.Title = tooltip;
    this.#item.ToolTip = ['', [], tooltip, ''];
  }
}

async function register(bus: dbus.MessageBus, name: string): Promise<true | undefined> {
  const body = [name];
  const member = 'RegisterStatusNotifierItem';
  const call = { destination: watcher, path: watcherPath, interface: watcher, member, signature: 's', body };
  try {
    await bus.call(new dbus.Message(call));
    return true;
  } catch (error) {
    if (!(error instanceof dbus.DBusError)) throw error;
    return undefined; // nobody is the watcher yet
  }
}

/** Alpha, red, green, blue: words in network order. */
function pixmap({ width, height, rgba }: IconPicture): Pixmap {
  const argb = Buffer.alloc(rgba.length);
  for (let at = 0; at < rgba.length; at += 4) {
    argb.set([rgba[at + 3] ?? 0, rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0], at);
  }
  return [width, height, argb];
}
