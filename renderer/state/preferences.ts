import { createStore } from 'zustand/vanilla';
import { type Locale, locales } from '../strings/words.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof themes)[number];

export const rowSizes = ['auto', 'compact', 'roomy'] as const;
/** How high a row of a long list is: one line or two. `auto`: one where the page is wide. */
export type RowSize = (typeof rowSizes)[number];

/** What a person has chosen for this page, in this browser. */
export interface Preferences {
  readonly theme: ThemeChoice;
  readonly rows: RowSize;
  readonly locale: Locale;
  /** `1`, `/`, `?` … work outside text fields. */
  readonly hasSingleKeys: boolean;
}

/** `theme.js` reads the theme from here before the first paint. */
const storageKey = 'exai.preferences';

export function createPreferencesStore(storage: Storage, query: URLSearchParams) {
  const stored = readStored(storage);
  const localeAsked = query.get('locale') ?? stored['locale'];
  const store = createStore<Preferences>()(() => ({
    theme: themes.find((theme) => theme === stored['theme']) ?? 'system',
    rows: rowSizes.find((size) => size === stored['rows']) ?? 'auto',
    locale: locales.find((locale) => locale === localeAsked) ?? 'en',
    hasSingleKeys: stored['hasSingleKeys'] !== false,
  }));
  store.subscribe((preferences) => {
    try {
      storage.setItem(storageKey, JSON.stringify(preferences));
    } catch {
      // Full or switched off: the choice holds until the page is left.
    }
  });
  return store;
}
export type PreferencesStore = ReturnType<typeof createPreferencesStore>;

function readStored(storage: Storage): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(storage.getItem(storageKey) ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // Not ours, or broken: the defaults.
  }
}

/** Puts the theme on the document and keeps it in step with the system. Returns how to stop. */
export function followTheme(store: PreferencesStore, page: Window): () => void {
  const system = page.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const { theme } = store.getState();
    page.document.documentElement.dataset['theme'] = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme;
  };
  apply();
  system.addEventListener('change', apply);
  const unsubscribe = store.subscribe(apply);
  return () => {
    system.removeEventListener('change', apply);
    unsubscribe();
  };
}
