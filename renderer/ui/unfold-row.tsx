import { memo, type ReactNode, useLayoutEffect, useRef } from 'react';

export interface UnfoldItem {
  readonly key: string;
}

export interface UnfoldRowWords {
  /** `data-id` of the row. */
  readonly dataId: string;
  readonly state: string;
}

interface UnfoldRowProps<Item extends UnfoldItem> {
  readonly item: Item;
  readonly top: number;
  readonly position: number;
  readonly size: number;
  readonly rowHeight: number;
  readonly testId: string;
  readonly detailTestId: string;
  readonly isOpen: boolean;
  readonly isActive: boolean;
  readonly wordsOf: (item: Item) => UnfoldRowWords;
  readonly renderRow: (item: Item) => ReactNode;
  readonly renderDetail: (item: Item) => ReactNode;
  readonly onOpen: (key: string | undefined) => void;
  readonly onMeasure: (height: number) => void;
}

function UnfoldRowPlain<Item extends UnfoldItem>(props: UnfoldRowProps<Item>) {
  const { item, top, position, size, rowHeight, isOpen, isActive, onOpen, onMeasure } = props;
  const { dataId, state } = props.wordsOf(item);
  const detail = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = detail.current;
    if (!isOpen || element === null) return undefined;
    const observer = new ResizeObserver(() => onMeasure(element.offsetHeight));
    onMeasure(element.offsetHeight);
    observer.observe(element);
    // The list has made room by the next frame; what was unfolded at its edge is then brought into view.
    const frame = requestAnimationFrame(() => element.parentElement?.scrollIntoView({ block: 'nearest' }));
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
    };
  }, [isOpen, onMeasure]);
  return (
    <li
      className="unfold-list__item"
      style={{ insetBlockStart: top }}
      aria-setsize={size}
      aria-posinset={position}
      data-row-key={item.key}
    >
      <button
        type="button"
        className="unfold-list__row"
        style={{ blockSize: rowHeight }}
        data-testid={props.testId}
        data-id={dataId}
        data-state={state}
        data-row-target
        aria-expanded={isOpen}
        tabIndex={isActive ? 0 : -1}
        onClick={() => onOpen(isOpen ? undefined : item.key)}
      >
        {props.renderRow(item)}
      </button>
      {isOpen ? (
        <div ref={detail} className="unfold-list__detail" data-testid={props.detailTestId}>
          {props.renderDetail(item)}
        </div>
      ) : null}
    </li>
  );
}

/** One row of an `UnfoldList`: a button, and below it the details while they are unfolded. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `memo` loses the type parameter
export const UnfoldRow = memo(UnfoldRowPlain) as typeof UnfoldRowPlain;
