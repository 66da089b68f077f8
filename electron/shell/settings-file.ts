import { copyFileSync, existsSync } from 'node:fs';
import Store from 'electron-store';
import type { AppSettings, SettingsFile } from '../core/settings.ts';

/** The settings in electron-store's file, which only this user can read. Schema and migrations are `core`'s. */
export function openSettingsFile(folder: string): SettingsFile {
  const options = { name: 'settings', cwd: folder, configFileMode: 0o600, clearInvalidConfig: false } as const;
  let store: Store | undefined;
  const path = `${folder}/settings.json`;
  return {
    read() {
      try {
        store = new Store(options);
        return store.store;
      } catch {
        return null; // not JSON: set aside before the first write
      }
    },
    write(settings: AppSettings) {
      store ??= new Store({ ...options, clearInvalidConfig: true });
      store.store = { ...settings };
    },
    setAside() {
      if (existsSync(path)) copyFileSync(path, `${path}.unread`);
    },
  };
}
