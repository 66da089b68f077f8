import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { replaceFile } from '../../platform/atomic-file.ts';
import type { LoginItemState } from '../../protocol/host-desktop.ts';

/** Where a started AppImage is mounted changes at each start: its own path is `$APPIMAGE`. */
export function programToStart(env: Readonly<Record<string, string | undefined>>, execPath: string): string {
  const appImage = env['APPIMAGE'];
  return appImage !== undefined && isAbsolute(appImage) ? appImage : execPath;
}

/** Path of our entry (XDG autostart specification); a relative `XDG_CONFIG_HOME` counts as unset. */
export function autostartFile(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const config = env['XDG_CONFIG_HOME'];
  const folder = config !== undefined && isAbsolute(config) ? config : join(home, '.config');
  return join(folder, 'autostart', 'exai-tray.desktop');
}

/** The entry for `program` with `args`. */
export function autostartEntry(program: string, args: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Version=1.5',
    'Name=EXAI Tray',
    'Comment=MCP gateway in your tray',
    `TryExec=${escapedString(program)}`,
    `Exec=${[program, ...args].map(execWord).join(' ')}`,
    'Icon=exai-tray',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/**
 * One word of `Exec`: quoted as the Desktop Entry specification says, `%` doubled because it begins a field code, and the
 * backslashes doubled again because the value is a string of the file.
 */
function execWord(word: string): string {
  const text = word.replaceAll('%', '%%');
  if (/^[\w@+=:,./%-]+$/.test(text)) return text;
  return escapedString(`"${text.replaceAll(/["`$\\]/g, (sign) => `\\${sign}`)}"`);
}

function escapedString(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** The login item of a Linux desktop: a file of ours. */
export class LinuxAutostart {
  readonly #file: string;
  readonly #entry: string;

  constructor(options: { readonly file: string; readonly program: string; readonly args: readonly string[] }) {
    this.#file = options.file;
    this.#entry = autostartEntry(options.program, options.args);
  }

  /** `Hidden=true`, and GNOME's own key, are how desktops switch an entry off: then it is off. */
  read(): LoginItemState {
    let text: string | undefined;
    try {
      text = this.#text();
    } catch {
      return 'unavailable'; // what cannot be read cannot be switched
    }
    if (text === undefined) return 'off';
    return /^\s*Hidden\s*=\s*true\s*$/im.test(text) || /^\s*X-GNOME-Autostart-enabled\s*=\s*false\s*$/im.test(text)
      ? 'off'
      : 'on';
  }

  write(isOn: boolean): void {
    if (!isOn) {
      rmSync(this.#file, { force: true });
      return;
    }
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, this.#entry);
    replaceFile(draft, this.#file);
  }

  /**
   * At each start: the program may have been moved or renamed (AppImage). An entry that is off stays as it is, and so does
   * one that somebody else manages and we may not write.
   */
  repair(): void {
    if (this.read() !== 'on' || this.#text() === this.#entry) return;
    try {
      this.write(true);
    } catch {
      // EACCES, EROFS: no reason not to start; the window shows the entry as it is
    }
  }

  #text(): string | undefined {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : undefined;
  }
}
