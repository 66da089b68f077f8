import { createStore } from 'zustand/vanilla';

/** A result whose place is off screen. Never an error. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly undo: (() => void) | undefined;
}

interface NoticesState {
  /** One at a time: a new one takes the place of the old. */
  readonly toast: Toast | undefined;
  readonly showToast: (text: string, undo?: () => void) => void;
  readonly closeToast: (id: number) => void;
  /** What assistive technology says next, politely. */
  readonly spoken: string;
  readonly speak: (text: string) => void;
}

export function createNoticesStore() {
  return createStore<NoticesState>()((set) => ({
    toast: undefined,
    showToast: (text, undo) => set(({ toast }) => ({ toast: { id: (toast?.id ?? 0) + 1, text, undo } })),
    closeToast: (id) => set(({ toast }) => (toast?.id === id ? { toast: undefined } : {})),
    spoken: '',
    // The same text again would be no change, and no change is not spoken: a no-break space makes it one.
    speak: (text) => set(({ spoken }) => ({ spoken: spoken === text ? `${text}\u00A0` : text })),
  }));
}
export type NoticesStore = ReturnType<typeof createNoticesStore>;
