import { type RefObject, useLayoutEffect, useState } from 'react';

const spareRows = 10;

export interface VirtualRange {
  /** First row in view, and the one behind the last, with ten to spare on both sides. */
  readonly start: number;
  readonly end: number;
  /** Scrolls until a row can be seen. */
  readonly reveal: (index: number) => void;
}

/** Which rows of equal height are in view of the scroller around `list` (`data-scroller`). */
export function useVirtualRange(
  list: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
  isEnabled: boolean,
): VirtualRange {
  const [range, setRange] = useState({ start: 0, end: 2 * spareRows });

  useLayoutEffect(() => {
    const scroller = list.current?.closest<HTMLElement>('[data-scroller]');
    if (!isEnabled || scroller === null || scroller === undefined) return undefined;
    const measure = () => {
      const above = topWithin(list.current, scroller);
      const start = Math.max(0, Math.floor(-above / rowHeight) - spareRows);
      const end = Math.min(count, Math.ceil((scroller.clientHeight - above) / rowHeight) + spareRows);
      setRange((before) => (before.start === start && before.end === end ? before : { start, end }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(scroller);
    scroller.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      scroller.removeEventListener('scroll', measure);
    };
  }, [list, count, rowHeight, isEnabled]);

  return {
    ...range,
    reveal(index) {
      const scroller = list.current?.closest<HTMLElement>('[data-scroller]');
      if (scroller === null || scroller === undefined) return;
      const top = topWithin(list.current, scroller) + index * rowHeight;
      if (top < 0) scroller.scrollTop += top;
      else if (top + rowHeight > scroller.clientHeight) scroller.scrollTop += top + rowHeight - scroller.clientHeight;
    },
  };
}

/** Pixels from the upper edge of what the scroller shows to the list; negative when it has been scrolled past. */
function topWithin(list: HTMLElement | null, scroller: HTMLElement): number {
  return (list?.getBoundingClientRect().top ?? 0) - scroller.getBoundingClientRect().top;
}
