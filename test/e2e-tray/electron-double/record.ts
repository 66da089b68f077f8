import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Home of this run: user data, profiles of the windows, the control file. */
export const home = process.env['DOUBLE_HOME'] ?? '';
if (home === '') throw new Error('double: DOUBLE_HOME is not set');
mkdirSync(home, { recursive: true });

export type ThemeSource = 'system' | 'light' | 'dark';

/** What the app did, for tests to look at over the control port. */
export const record = {
  opened: [] as string[],
  dialogs: [] as object[],
  areDialogsHeld: false,
  dialogAnswers: [] as { response: number; checkboxChecked: boolean }[],
  notifications: [] as { title: string; body: string }[],
  loginItem: { openAtLogin: false },
  applicationMenu: [] as string[],
  log: [] as string[],
  themeSource: 'system' as ThemeSource,
};

export function folder(name: string): string {
  const path = join(home, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** An event that a listener can prevent. */
export interface Preventable {
  defaultPrevented: boolean;
  preventDefault(): void;
}

export function preventable(): Preventable {
  return {
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true;
    },
  };
}
