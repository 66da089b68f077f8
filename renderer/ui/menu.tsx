import './menu.css';
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { Button, IconButton } from './button.tsx';
import { Icon, type IconName } from './icons.tsx';

export interface MenuItem {
  /** Test id `menu-<id>`, unless it has one of its own. */
  readonly id: string;
  readonly testId?: string;
  readonly label: string;
  readonly isEnabled: boolean;
  /** A switch: `true` and `false` are drawn. */
  readonly isChecked?: boolean;
  /** It belongs to what is chosen next, so the menu stays open. */
  readonly isKeptOpen?: boolean;
  /** Rows that unfold below it instead of `run`. */
  readonly submenu?: readonly MenuItem[];
  readonly run: () => void;
}

export interface MenuProps {
  readonly testId: string;
  readonly label: string;
  readonly icon?: IconName;
  /** Words on the button; without them it is an icon. */
  readonly text?: string;
  /** The key `e` opens it. */
  readonly isExport?: boolean;
  readonly items: readonly MenuItem[];
  readonly tabIndex?: number;
}

/** A button that opens a list of actions. Rows that cannot be used now are shown and skipped by nobody. */
export function Menu({ testId, label, icon = 'more', text, isExport = false, items, tabIndex }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const menuId = useId();

  function close(isFocusKept: boolean): void {
    setOpen(false);
    if (isFocusKept) opener.current?.focus();
  }

  const opening = {
    ref: opener,
    testId,
    'aria-haspopup': 'menu' as const,
    'aria-expanded': isOpen,
    'aria-controls': isOpen ? menuId : undefined,
    'data-export': isExport ? '' : undefined,
    ...(tabIndex === undefined ? {} : { tabIndex }),
    onClick: () => setOpen((before) => !before),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'ArrowDown') return;
      event.preventDefault();
      event.stopPropagation();
      setOpen(true);
    },
  };

  return (
    <span className="menu">
      {text === undefined ? (
        <IconButton icon={icon} label={label} {...opening} />
      ) : (
        <Button icon={icon} title={label} {...opening}>
          {text}
        </Button>
      )}
      {isOpen ? <MenuList id={menuId} label={label} items={items} opener={opener} onClose={close} /> : null}
    </span>
  );
}

interface MenuListProps {
  readonly id: string;
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly opener: RefObject<HTMLElement | null>;
  readonly onClose: (isFocusKept: boolean) => void;
}

function MenuList({ id, label, items, opener, onClose }: MenuListProps) {
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => rowsOf(list.current)[0]?.focus(), []);
  useEffect(() => {
    const onPointerDown = ({ target }: globalThis.PointerEvent) => {
      if (
        !(target instanceof Node) ||
        list.current?.contains(target) === true ||
        opener.current?.contains(target) === true
      )
        return;
      onClose(false);
    };
    document.addEventListener('pointerdown', onPointerDown);
    return () => document.removeEventListener('pointerdown', onPointerDown);
  }, [opener, onClose]);

  function onKeyDown(event: KeyboardEvent): void {
    const all = rowsOf(list.current);
    const at = all.findIndex((row) => row === document.activeElement);
    const next: Readonly<Record<string, number>> = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    const to = next[event.key];
    if (to === undefined && event.key !== 'Escape' && event.key !== 'Tab') return;
    event.stopPropagation();
    if (event.key === 'Tab') return onClose(false);
    event.preventDefault();
    if (to === undefined) return onClose(true);
    all[to]?.focus();
  }

  return (
    <div ref={list} id={id} role="menu" aria-label={label} className="menu__list" onKeyDown={onKeyDown}>
      <MenuRows items={items} onClose={onClose} />
    </div>
  );
}

type MenuRowsProps = Pick<MenuListProps, 'items' | 'onClose'>;

/** Rows of one level; of those with rows below them one is unfolded at a time. */
function MenuRows({ items, onClose }: MenuRowsProps) {
  const [unfolded, setUnfolded] = useState<string>();
  return items.map((item) => (
    <MenuRow
      key={item.id}
      item={item}
      isUnfolded={item.id === unfolded}
      onUnfold={(isUnfolded) => setUnfolded(isUnfolded ? item.id : undefined)}
      onClose={onClose}
    />
  ));
}

interface MenuRowProps extends Pick<MenuListProps, 'onClose'> {
  readonly item: MenuItem;
  readonly isUnfolded: boolean;
  readonly onUnfold: (isUnfolded: boolean) => void;
}

function MenuRow({ item, isUnfolded, onUnfold, onClose }: MenuRowProps) {
  const { id, testId, label, isEnabled, isChecked, submenu } = item;
  const isOpen = isUnfolded && isEnabled && submenu !== undefined;
  function act(): void {
    if (!isEnabled) return;
    if (submenu !== undefined) {
      onUnfold(!isUnfolded);
      return;
    }
    if (item.isKeptOpen !== true) onClose(true);
    item.run();
  }
  return (
    <>
      <button
        type="button"
        role={isChecked === undefined ? 'menuitem' : 'menuitemcheckbox'}
        aria-checked={isChecked}
        aria-disabled={!isEnabled}
        aria-expanded={submenu === undefined ? undefined : isOpen}
        tabIndex={-1}
        className="menu__item"
        data-testid={testId ?? `menu-${id}`}
        onClick={act}
        onKeyDown={(event) => {
          if (submenu === undefined || (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft')) return;
          onUnfold(event.key === 'ArrowRight' && isEnabled);
        }}
      >
        <span className="menu__check" data-state={isChecked === false ? 'empty' : 'plain'}>
          {isChecked === true ? <Icon name="check" /> : null}
        </span>
        <span className="menu__label">{label}</span>
        {submenu === undefined ? null : <Icon name={isOpen ? 'down' : 'chevron'} />}
      </button>
      {isOpen ? (
        <div role="group" aria-label={label} className="menu__below">
          <MenuRows items={submenu} onClose={onClose} />
        </div>
      ) : null}
    </>
  );
}

function rowsOf(list: HTMLElement | null): readonly HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
}
