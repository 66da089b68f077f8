import './row-list.css';
import {
  type FocusEvent,
  type KeyboardEvent,
  memo,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { createStableList } from '../state/stable-list.ts';
import type { RowRules, ShownRow } from '../state/stable-rows.ts';
import { createRowFocus, RowContext, type RowFocus } from './row.tsx';
import { useVirtualRange } from './use-virtual-range.ts';

export interface RowListProps {
  readonly testId: string;
  readonly labelledBy: string;
  /** Rows that exist now, in their order. */
  readonly ids: readonly string[];
  readonly rules: RowRules;
  /** Since when a row exists, in milliseconds of this computer's clock. */
  readonly bornAt: (id: string) => number | undefined;
  /** In pixels; every row has it. */
  readonly rowHeight: number;
  /** Must return one `Row`. Keep it the same function while nothing it uses changes. */
  readonly renderRow: (id: string) => ReactNode;
  /** A table has a header row and is read by columns. */
  readonly header?: ReactNode;
  /** What stands here while no row is shown. */
  readonly empty: ReactNode;
}

/** Above this many rows only those in view, ten around them and the focused one are in the document. */
const virtualAbove = 200;

/**
 * A list or table of rows of one height: they keep their places, come and go calmly, and one Tab stop with arrow keys
 * reaches them all.
 */
export function RowList(props: RowListProps) {
  const { ids, rules, bornAt, rowHeight, renderRow, header, empty } = props;
  const container = useRef<HTMLDivElement>(null);
  const [focus] = useState(createRowFocus);
  /** Row that gets the focus as soon as it is drawn. */
  const pending = useRef<string>(undefined);
  const [list] = useState(() => {
    const made = createStableList({
      rules,
      bornAt,
      now: Date.now,
      setTimeout: (callback, ms) => window.setTimeout(callback, ms),
      clearTimeout: (timer) => window.clearTimeout(timer),
    });
    made.setLive(ids); // The first picture has its rows.
    return made;
  });
  useLayoutEffect(() => list.setLive(ids), [list, ids]);
  const rows = useSyncExternalStore(list.subscribe, list.rows);
  const { setGuard } = list;
  const isVirtual = rows.length > virtualAbove;
  const range = useVirtualRange(container, rows.length, rowHeight, isVirtual);
  const isTable = header !== undefined;

  const focused = useSyncExternalStore(focus.subscribe, focus.active);
  useLayoutEffect(() => {
    if (pending.current !== undefined && focusRow(container.current, pending.current)) pending.current = undefined;
  });
  useEffect(() => focus.keepWithin(rows.map(({ id }) => id)), [focus, rows]);

  if (rows.length === 0) return empty;

  const drawn = rows
    .map((row, index) => ({ row, index }))
    .filter(({ row, index }) => !isVirtual || (index >= range.start && index < range.end) || row.id === focused);

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    if (isTextField(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = rows.findIndex(({ id }) => id === keyOfRow(event.target));
    const to = targetIndex(event.key, at, rows.length);
    const target = to === undefined ? undefined : rows[to];
    if (target === undefined || to === undefined) return;
    event.preventDefault();
    if (isVirtual) range.reveal(to);
    focus.activate(target.id);
    // A row that was out of view is drawn by the render that the activation causes.
    if (!focusRow(container.current, target.id)) pending.current = target.id;
  }

  const rowsProps = {
    className: 'rows',
    style: { '--row-size': `${rowHeight}px`, ...(isVirtual ? { blockSize: rows.length * rowHeight } : {}) },
    onKeyDown,
    onPointerOver: (event: PointerEvent) => setGuard('pointer', keyOfRow(event.target)),
    onPointerLeave: () => setGuard('pointer', undefined),
    onFocus: (event: FocusEvent) => {
      const key = keyOfRow(event.target);
      // A click leaves the focus behind where nobody looks any more; only the keyboard's holds the list still.
      setGuard('focus', event.target.matches(':focus-visible') ? key : undefined);
      if (key !== undefined) focus.activate(key);
    },
    onBlur: () => setGuard('focus', undefined),
    'data-virtual': isVirtual,
  };
  const slots = drawn.map(({ row, index }) => (
    <RowSlot
      key={row.id}
      id={row.id}
      phase={row.phase}
      position={index + 1}
      size={rows.length}
      offset={isVirtual ? index * rowHeight : undefined}
      isTable={isTable}
      focus={focus}
      renderRow={renderRow}
    />
  ));

  if (!isTable) {
    return (
      <div ref={container}>
        <ul {...rowsProps} aria-labelledby={props.labelledBy} data-testid={props.testId}>
          {slots}
        </ul>
      </div>
    );
  }
  return (
    <div
      role="table"
      className="table"
      aria-labelledby={props.labelledBy}
      aria-rowcount={rows.length + 1}
      data-testid={props.testId}
    >
      <div role="rowgroup" className="table__head">
        {header}
      </div>
      <div ref={container}>
        <div {...rowsProps} role="rowgroup">
          {slots}
        </div>
      </div>
    </div>
  );
}

interface RowSlotProps {
  readonly id: string;
  readonly phase: ShownRow['phase'];
  readonly position: number;
  readonly size: number;
  readonly offset: number | undefined;
  readonly isTable: boolean;
  readonly focus: RowFocus;
  readonly renderRow: (id: string) => ReactNode;
}

/** Hands a row its place. Renders only when that changes, not when its neighbours do. */
const RowSlot = memo(function RowSlot({ renderRow, id, phase, position, size, offset, isTable, focus }: RowSlotProps) {
  const value = useMemo(
    () => ({ id, phase, position, size, offset, isTable, focus }),
    [id, phase, position, size, offset, isTable, focus],
  );
  return <RowContext.Provider value={value}>{renderRow(id)}</RowContext.Provider>;
});

function targetIndex(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, count - 1);
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

function keyOfRow(target: EventTarget): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>('[data-row-key]')?.dataset['rowKey'] : undefined;
}

function focusRow(container: HTMLElement | null, id: string): boolean {
  const target = container?.querySelector<HTMLElement>(`[data-row-key="${CSS.escape(id)}"] [data-row-target]`);
  target?.focus();
  return target !== null && target !== undefined;
}

function isTextField(target: EventTarget): boolean {
  return target instanceof Element && target.matches('input, textarea, select');
}
