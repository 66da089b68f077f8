import { useEffect } from 'react';
import { useServices } from '../state/services.ts';
import { navScreens } from './nav.tsx';
import type { Screen } from './screen.ts';

interface KeysOptions {
  readonly screens: readonly Screen[];
  /** Where Esc leads; undefined on a screen that is nobody's child. */
  readonly back: string | undefined;
  readonly isRail: boolean;
  readonly showKeys: () => void;
}

/**
 * Keys of the whole page. A screen takes part by attributes: `data-find` is the field of `/`, `data-export` the button of
 * `e`, `data-add` the one of `n`. Single keys rest in text fields, menus and dialogs, and can be switched off.
 */
export function useKeys({ screens, back, isRail, showKeys }: KeysOptions): void {
  const { router, preferences } = useServices();
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      const isText =
        event.target instanceof Element && event.target.matches('input:not([type=checkbox]), textarea, select');
      if (event.key === 'Escape') {
        if (isText && event.target instanceof HTMLElement) event.target.blur();
        else if (back !== undefined) router.go(back);
        return;
      }
      if (isText || event.ctrlKey || event.metaKey || event.altKey || !preferences.getState().hasSingleKeys) return;
      const screen = navScreens(screens, isRail)[Number(event.key) - 1];
      if (screen !== undefined) router.go(`#${screen.pattern.replace(/\/:.*$/, '')}`);
      else if (event.key === '?') showKeys();
      else if (event.key === '/') document.querySelector<HTMLElement>('[data-find]')?.focus();
      else if (event.key === 'e') document.querySelector<HTMLElement>('[data-export]')?.click();
      else if (event.key === 'n') document.querySelector<HTMLElement>('[data-add]')?.click();
      else return;
      event.preventDefault();
    }
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [screens, back, isRail, showKeys, router, preferences]);
}
