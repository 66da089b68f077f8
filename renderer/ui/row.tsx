import { createContext, type KeyboardEvent, type ReactNode, useContext, useSyncExternalStore } from 'react';
import type { ShownRow } from '../state/stable-rows.ts';

/** Which row of a list takes the Tab key. */
export interface RowFocus {
  readonly active: () => string | undefined;
  readonly activate: (id: string) => void;
  /** The first row takes over when the active one is gone. */
  readonly keepWithin: (ids: readonly string[]) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export function createRowFocus(): RowFocus {
  const listeners = new Set<() => void>();
  let active: string | undefined;
  function activate(id: string | undefined): void {
    if (active === id) return;
    active = id;
    for (const listener of listeners) listener();
  }
  return {
    active: () => active,
    activate,
    keepWithin: (ids) => {
      if (active === undefined || !ids.includes(active)) activate(ids[0]);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

interface RowPlace {
  readonly id: string;
  readonly phase: ShownRow['phase'];
  /** From 1. */
  readonly position: number;
  readonly size: number;
  /** Pixels from the top of a virtual list. */
  readonly offset: number | undefined;
  readonly isTable: boolean;
  readonly focus: RowFocus;
}

export const RowContext = createContext<RowPlace | undefined>(undefined);

export function useRowPlace(): RowPlace {
  const place = useContext(RowContext);
  if (place === undefined) throw new Error('A row outside of a list');
  return place;
}

/** `tabIndex` of everything in this row that takes the focus: only the active row of a list is reached by Tab. */
export function useRowTabIndex(): 0 | -1 {
  const { id, focus } = useRowPlace();
  return useSyncExternalStore(focus.subscribe, () => (focus.active() === id ? 0 : -1));
}

interface RowProps {
  readonly testId: string;
  /** The id that people and tests know it by. */
  readonly dataId: string;
  readonly state: string;
  readonly className: string;
  readonly children: ReactNode;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

/** The element of one row: a list item, or a row of a table. */
export function Row({ testId, dataId, state, className, children, onKeyDown }: RowProps) {
  const { id, phase, position, size, offset, isTable } = useRowPlace();
  const props = {
    className: `row ${className}`,
    'data-testid': testId,
    'data-id': dataId,
    'data-state': state,
    'data-row-key': id,
    'data-phase': phase,
    ...(offset === undefined ? {} : { style: { insetBlockStart: offset } }),
    ...(onKeyDown === undefined ? {} : { onKeyDown }),
  };
  if (isTable) {
    return (
      <div role="row" aria-rowindex={position + 1} {...props}>
        {children}
      </div>
    );
  }
  const places = offset === undefined ? {} : { 'aria-setsize': size, 'aria-posinset': position };
  return (
    <li {...props} {...places}>
      {children}
    </li>
  );
}

/** One cell of a table row. */
export function Cell({ children, className = '' }: { readonly children: ReactNode; readonly className?: string }) {
  return (
    <div role="cell" className={`cell ${className}`}>
      {children}
    </div>
  );
}
