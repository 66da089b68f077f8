import { type RefObject, useEffect, useRef } from 'react';

/**
 * After a change of screen the focus is on its heading, or on what is marked `data-arrival`; after going back from a
 * page without a place in the navigation (`isDetail`), on the row that was opened. A page that has just been loaded starts
 * at its top, unless something is wrong.
 */
export function useArrivalFocus(
  body: RefObject<HTMLElement | null>,
  { place, isDetail, isCovered }: { readonly place: string; readonly isDetail: boolean; readonly isCovered: boolean },
): void {
  const leftFrom = useRef(new Map<string, string>());
  const former = useRef<{ readonly place: string; readonly isDetail: boolean }>(undefined);

  useEffect(() => {
    const element = body.current;
    const onFocus = ({ target }: FocusEvent) => {
      const key =
        target instanceof Element ? target.closest<HTMLElement>('[data-row-key]')?.dataset['rowKey'] : undefined;
      if (key !== undefined) leftFrom.current.set(place, key);
    };
    element?.addEventListener('focusin', onFocus);
    return () => element?.removeEventListener('focusin', onFocus);
  }, [body, place]);

  useEffect(() => {
    const last = former.current;
    if (last?.place === place) return;
    former.current = { place, isDetail };
    if (last === undefined && !isCovered) return;
    const key = last?.isDetail === true ? leftFrom.current.get(place) : undefined;
    const row =
      key === undefined
        ? null
        : body.current?.querySelector<HTMLElement>(`[data-row-key="${CSS.escape(key)}"] [data-row-target]`);
    const target =
      row ??
      body.current?.querySelector<HTMLElement>('[data-arrival]') ??
      body.current?.querySelector<HTMLElement>('aside h1') ??
      body.current?.querySelector<HTMLElement>('h1');
    target?.focus();
  }, [body, place, isDetail, isCovered]);
}
