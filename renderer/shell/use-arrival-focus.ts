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
    const element = body.current;
    if (element === null || arrive(element, key)) return;
    // A page whose code is still on its way.
    const observer = new MutationObserver(() => {
      if (arrive(element, key)) observer.disconnect();
    });
    observer.observe(element, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, [body, place, isDetail, isCovered]);
}

/** False when there is nothing yet to set the focus on. */
function arrive(body: HTMLElement, rowKey: string | undefined): boolean {
  const row = rowKey === undefined ? undefined : `[data-row-key="${CSS.escape(rowKey)}"] [data-row-target]`;
  for (const selector of [row, '[data-arrival]', 'aside h1', 'h1']) {
    const target = selector === undefined ? null : body.querySelector<HTMLElement>(selector);
    if (target === null) continue;
    target.focus();
    return true;
  }
  return false;
}
