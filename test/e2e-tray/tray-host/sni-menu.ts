import dbus from 'dbus-next';
import { readOnly } from './read-only.ts';

/** A row of a menu, in the words of Electron's MenuItem options. */
export interface MenuRow {
  readonly id?: string;
  readonly label?: string;
  readonly type?: 'normal' | 'separator' | 'checkbox' | 'submenu';
  readonly checked?: boolean;
  readonly enabled?: boolean;
  readonly visible?: boolean;
  readonly submenu?: readonly MenuRow[];
}

type Properties = Record<string, dbus.Variant>;
type Layout = [number, Properties, dbus.Variant[]];

const root = 0;

/** `com.canonical.dbusmenu` for one menu, as Electron's Tray publishes it on Linux. */
export class SniMenu extends dbus.interface.Interface {
  readonly Version = 3;
  readonly Status = 'normal';
  readonly TextDirection = 'ltr';
  readonly IconThemePath: readonly string[] = [];
  readonly #onClick: (row: MenuRow) => void;
  /**
   * By number on the bus; 0 is the menu itself. No number is used twice, as Electron does: a host keeps what it knew of a number,
   * a check mark say.
   */
  #rows = new Map<number, MenuRow>();
  #lastId = root;
  #children = new Map<number, number[]>();
  #revision = 0;
  #readRevision = 0;

  constructor(rows: readonly MenuRow[], onClick: (row: MenuRow) => void) {
    super('com.canonical.dbusmenu');
    this.#onClick = onClick;
    this.replace(rows);
  }

  /** Takes other rows; hosts are told so by `LayoutUpdated`. */
  replace(rows: readonly MenuRow[]): void {
    this.#rows = new Map([[root, { submenu: rows }]]);
    this.#children = new Map();
    this.#number(root);
    this.#revision += 1;
  }

  #number(parent: number): void {
    const ids = (this.#rows.get(parent)?.submenu ?? []).map((row) => {
      this.#lastId += 1;
      this.#rows.set(this.#lastId, row);
      return this.#lastId;
    });
    this.#children.set(parent, ids);
    for (const id of ids) this.#number(id);
  }

  #properties(id: number): Properties {
    const { label, type, checked, enabled, visible, submenu } = this.#rows.get(id) ?? {};
    const text = new Map<string, string | boolean | number>();
    if (label !== undefined) text.set('label', label.replaceAll('_', '__')); // one underscore marks an access key
    if (enabled === false) text.set('enabled', false);
    if (visible === false) text.set('visible', false);
    if (type === 'separator') text.set('type', 'separator');
    if (type === 'checkbox') text.set('toggle-type', 'checkmark').set('toggle-state', checked === true ? 1 : 0);
    if (submenu !== undefined) text.set('children-display', 'submenu');
    const signatures = { string: 's', boolean: 'b', number: 'i' } as const;
    return Object.fromEntries(
      [...text].map(([name, value]) => [
        name,
        new dbus.Variant(signatures[typeof value as keyof typeof signatures], value),
      ]),
    );
  }

  #layout(id: number, depth: number): Layout {
    const children = depth === 0 ? [] : (this.#children.get(id) ?? []);
    return [
      id,
      this.#properties(id),
      children.map((child) => new dbus.Variant('(ia{sv}av)', this.#layout(child, depth - 1))),
    ];
  }

  /** The host knows these rows. */
  get isRead(): boolean {
    return this.#readRevision === this.#revision;
  }

  GetLayout(parent: number, depth: number): [number, Layout] {
    if (parent === root) this.#readRevision = this.#revision;
    return [this.#revision, this.#layout(parent, depth)];
  }

  GetGroupProperties(ids: readonly number[]): [number, Properties][] {
    const all = ids.length === 0 ? [...this.#rows.keys()] : ids;
    return all.filter((id) => this.#rows.has(id)).map((id) => [id, this.#properties(id)]);
  }

  GetProperty(id: number, name: string): dbus.Variant {
    const value = this.#properties(id)[name];
    if (value === undefined) throw new dbus.DBusError('org.freedesktop.DBus.Error.InvalidArgs', `no ${name}`);
    return value;
  }

  Event(id: number, name: string): void {
    const row = this.#rows.get(id);
    if (name === 'clicked' && row !== undefined) this.#onClick(row);
  }

  /** Hosts send clicks in groups, also a single one. */
  EventGroup(events: readonly (readonly [number, string, dbus.Variant, number])[]): number[] {
    for (const [id, name] of events) this.Event(id, name);
    return [];
  }

  AboutToShow(): boolean {
    return false;
  }

  AboutToShowGroup(): [number[], number[]] {
    return [[], []];
  }

  LayoutUpdated(): [number, number] {
    return [this.#revision, root];
  }
}

SniMenu.configureMembers({
  properties: readOnly({ Version: 'u', Status: 's', TextDirection: 's', IconThemePath: 'as' }),
  methods: {
    GetLayout: { inSignature: 'iias', outSignature: 'u(ia{sv}av)' },
    GetGroupProperties: { inSignature: 'aias', outSignature: 'a(ia{sv})' },
    GetProperty: { inSignature: 'is', outSignature: 'v' },
    Event: { inSignature: 'isvu' },
    EventGroup: { inSignature: 'a(isvu)', outSignature: 'ai' },
    AboutToShow: { inSignature: 'i', outSignature: 'b' },
    AboutToShowGroup: { inSignature: 'ai', outSignature: 'aiai' },
  },
  signals: { LayoutUpdated: { signature: 'ui' } },
});
