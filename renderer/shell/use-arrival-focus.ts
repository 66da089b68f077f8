import { type RefObject, useEffect, useRef } from 'react';

/**
 * After a change of screen the focus is on its heading; after going back, on the row that was opened. Not on the first
 * screen: a page that has just been loaded starts at its top.
 */
export function useArrivalFocus(main: RefObject<HTMLElement | null>, place: string): void {
  const leftFrom = useRef(new Map<string, string>());
  const former = useRef<string>(undefined);

  useEffect(() => {
    const element = main.current;
    const onFocus = ({ target }: FocusEvent) => {
      const key =
        target instanceof Element ? target.closest<HTMLElement>('[data-row-key]')?.dataset['rowKey'] : undefined;
      if (key !== undefined) leftFrom.current.set(place, key);
    };
    element?.addEventListener('focusin', onFocus);
    return () => element?.removeEventListener('focusin', onFocus);
  }, [main, place]);

  useEffect(() => {
    if (former.current === place) return;
    const isFirst = former.current === undefined;
    former.current = place;
    if (isFirst) return;
    const key = leftFrom.current.get(place);
    const row =
      key === undefined
        ? null
        : main.current?.querySelector<HTMLElement>(`[data-row-key="${CSS.escape(key)}"] [data-row-target]`);
    const target = row ?? main.current?.querySelector<HTMLElement>('h1');
    target?.focus();
  }, [main, place]);
}
