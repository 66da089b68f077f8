import './unfold-list.css';
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { type UnfoldItem, UnfoldRow, type UnfoldRowWords } from './unfold-row.tsx';
import { heightOf, rowsInView, scrollTopToReveal, topOf } from './unfold-window.ts';

export interface UnfoldListHandle {
  readonly scrollTo: (place: 'start' | 'end' | number) => void;
}

export interface UnfoldListProps<Item extends UnfoldItem> {
  readonly testId: string;
  readonly rowTestId: string;
  readonly detailTestId: string;
  readonly label: string;
  /** A log is read as it was written and never speaks by itself. */
  readonly role?: 'log';
  readonly items: readonly Item[];
  /** How many there are in all; more than `items` while some are still to be fetched. */
  readonly total: number;
  readonly rowHeight: number;
  readonly openKey: string | undefined;
  readonly onOpen: (key: string | undefined) => void;
  readonly wordsOf: (item: Item) => UnfoldRowWords;
  /** Keep these two the same functions while nothing they use changes. */
  readonly renderRow: (item: Item) => ReactNode;
  readonly renderDetail: (item: Item) => ReactNode;
  /** How many items have been dropped from the front so far: what is in view then stays in place. */
  readonly dropped?: number;
  /** Keeps the last row in view. */
  readonly isFollowing?: boolean;
  readonly onScroll?: (place: {
    readonly isAtStart: boolean;
    readonly isAtEnd: boolean;
    readonly isUp: boolean;
  }) => void;
  /** The last row is drawn: time to fetch more. */
  readonly onNearEnd?: () => void;
  readonly onEndKey?: () => void;
  readonly handle?: Ref<UnfoldListHandle>;
  readonly isStale?: boolean;
}

/**
 * A long list in a scroller of its own: rows of one height, only those in view in the document, one of them unfolded. One
 * Tab stop, arrow keys; the focus survives scrolling away because its row stays.
 */
export function UnfoldList<Item extends UnfoldItem>(props: UnfoldListProps<Item>) {
  const { items, rowHeight, openKey, onOpen, isFollowing = false, dropped = 0, onScroll, onNearEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [activeKey, setActiveKey] = useState<string>();
  const [openHeight, setOpenHeight] = useState(0);
  const [view, setView] = useState({ scrollTop: 0, height: 0 });
  const indexOf = useMemo(() => new Map(items.map(({ key }, index) => [key, index])), [items]);
  const openIndex = openKey === undefined ? -1 : (indexOf.get(openKey) ?? -1);
  const shape = { count: items.length, rowHeight, openIndex, openHeight: openIndex < 0 ? 0 : openHeight };
  const { start, end } = rowsInView(shape, view);
  const active = activeKey !== undefined && indexOf.has(activeKey) ? activeKey : items[0]?.key;
  const size = heightOf(shape);

  const measure = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    // By whole rows: most scroll events change nothing that is drawn.
    const scrollTop = Math.floor(element.scrollTop / rowHeight) * rowHeight;
    const height = element.clientHeight;
    setView((before) => (before.scrollTop === scrollTop && before.height === height ? before : { scrollTop, height }));
  }, [rowHeight]);

  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (scroller.current !== null) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [measure]);

  const lastTop = useRef(0);
  const lastDropped = useRef(dropped);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    if (isFollowing) element.scrollTop = element.scrollHeight;
    else if (dropped > lastDropped.current) element.scrollTop -= (dropped - lastDropped.current) * rowHeight;
    lastDropped.current = dropped;
    lastTop.current = element.scrollTop;
    measure();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `size` is not read, it says that there is more
  }, [isFollowing, dropped, size, rowHeight, measure]);

  const isEndDrawn = items.length > 0 && end >= items.length;
  useLayoutEffect(() => {
    if (isEndDrawn) onNearEnd?.();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- a page that fills no screen asks for the next
  }, [isEndDrawn, items.length, onNearEnd]);

  function reveal(index: number): void {
    const element = scroller.current;
    if (element === null) return;
    element.scrollTop = scrollTopToReveal(shape, { scrollTop: element.scrollTop, height: element.clientHeight }, index);
    measure();
  }

  useImperativeHandle(props.handle, () => ({
    scrollTo(place) {
      if (typeof place === 'number') return reveal(place);
      const element = scroller.current;
      if (element !== null) element.scrollTop = place === 'start' ? 0 : element.scrollHeight;
    },
  }));

  function focusRow(index: number): void {
    const item = items[index];
    if (item === undefined) return;
    setActiveKey(item.key);
    reveal(index);
    // A row that was out of view is drawn by the next frame.
    requestAnimationFrame(() =>
      scroller.current
        ?.querySelector<HTMLElement>(`[data-row-key="${CSS.escape(item.key)}"] [data-row-target]`)
        ?.focus({ preventScroll: true }),
    );
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const isRow = event.target instanceof Element && event.target.matches('[data-row-target]');
    if (!isRow || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = active === undefined ? -1 : (indexOf.get(active) ?? -1);
    const to: Readonly<Record<string, number>> = {
      ArrowDown: Math.min(at + 1, items.length - 1),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: items.length - 1,
    };
    const target = to[event.key];
    if (target !== undefined) {
      event.preventDefault();
      focusRow(target);
      if (event.key === 'End') props.onEndKey?.();
    } else if (event.key === 'Escape' && openKey !== undefined) {
      event.preventDefault();
      onOpen(undefined);
    }
  }

  const drawn: number[] = [];
  for (let index = start; index < end; index += 1) drawn.push(index);
  for (const key of [active, openKey]) {
    const index = key === undefined ? undefined : indexOf.get(key);
    if (index !== undefined && !drawn.includes(index)) drawn.push(index);
  }
  drawn.sort((left, right) => left - right);

  return (
    <div
      ref={scroller}
      className="unfold-list"
      data-testid={props.testId}
      data-loaded={items.length}
      data-state={props.isStale === true ? 'stale' : 'ready'}
      data-scroller
      {...(props.role === undefined
        ? {}
        : { role: props.role, 'aria-live': 'off' as const, 'aria-label': props.label })}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        const key = event.target.closest<HTMLElement>('[data-row-key]')?.dataset['rowKey'];
        if (key !== undefined) setActiveKey(key);
      }}
      onScroll={({ currentTarget }) => {
        const { scrollTop, scrollHeight, clientHeight } = currentTarget;
        measure();
        onScroll?.({
          isAtStart: scrollTop < rowHeight / 2,
          isAtEnd: scrollHeight - clientHeight - scrollTop < rowHeight,
          isUp: scrollTop < lastTop.current - 1,
        });
        lastTop.current = scrollTop;
      }}
    >
      <ul className="unfold-list__rows" style={{ blockSize: size }} aria-label={props.label}>
        {drawn.flatMap((index) => {
          const item = items[index];
          return item === undefined
            ? []
            : [
                <UnfoldRow
                  key={item.key}
                  item={item}
                  top={topOf(shape, index)}
                  position={index + 1}
                  size={props.total}
                  rowHeight={rowHeight}
                  testId={props.rowTestId}
                  detailTestId={props.detailTestId}
                  isOpen={item.key === openKey}
                  isActive={item.key === active}
                  wordsOf={props.wordsOf}
                  renderRow={props.renderRow}
                  renderDetail={props.renderDetail}
                  onOpen={onOpen}
                  onMeasure={setOpenHeight}
                />,
              ];
        })}
      </ul>
    </div>
  );
}
