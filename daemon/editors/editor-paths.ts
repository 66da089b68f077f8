import { posix, win32 } from 'node:path';
import type { Machine, PlaceChoice } from './editor.ts';

/** Joins in the manner of the machine, which need not be the one this runs on. */
export function joinPath({ platform }: Machine, ...parts: readonly string[]): string {
  return (platform === 'win32' ? win32 : posix).join(...parts);
}

/** A value of the environment; empty counts as unset. */
export function variable({ env }: Machine, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** `%APPDATA%`, `~/Library/Application Support`, `$XDG_CONFIG_HOME`. */
export function appDataDir(machine: Machine): string {
  const { platform, home } = machine;
  if (platform === 'win32') return variable(machine, 'APPDATA') ?? joinPath(machine, home, 'AppData', 'Roaming');
  if (platform === 'darwin') return joinPath(machine, home, 'Library', 'Application Support');
  return configDir(machine);
}

/** `~/.config` on every system; what command-line clients use also on macOS. */
export function configDir(machine: Machine): string {
  return variable(machine, 'XDG_CONFIG_HOME') ?? joinPath(machine, machine.home, '.config');
}

function localAppDataDir(machine: Machine): string {
  return variable(machine, 'LOCALAPPDATA') ?? joinPath(machine, machine.home, 'AppData', 'Local');
}

/** The data folder of a VS Code: the one chosen, a portable one, the usual one under `name`. */
export function vsCodeDataDir(machine: Machine, name: string, choice: PlaceChoice): string {
  if (choice.dataDir !== undefined) return choice.dataDir;
  const portable = variable(machine, 'VSCODE_PORTABLE');
  return portable === undefined
    ? joinPath(machine, appDataDir(machine), name)
    : joinPath(machine, portable, 'user-data');
}

/** The first of these that exists, else the first. */
function existingOrFirst(machine: Machine, first: string, ...others: readonly string[]): string {
  return [first, ...others].find((path) => machine.exists(path)) ?? first;
}

/** `claude_desktop_config.json` wherever it may be: the store's version, then the classic one. */
export function claudeDesktopFiles(machine: Machine): readonly string[] {
  const file = 'claude_desktop_config.json';
  if (machine.platform === 'darwin') return [joinPath(machine, appDataDir(machine), 'Claude', file)];
  if (machine.platform !== 'win32') return [];
  const packages = joinPath(machine, localAppDataDir(machine), 'Packages');
  const store = machine
    .list(packages)
    .filter((name) => name.startsWith('Claude_'))
    .map((name) => joinPath(machine, packages, name, 'LocalCache', 'Roaming', 'Claude', file));
  return [...store, joinPath(machine, appDataDir(machine), 'Claude', file)];
}

export function clineFile(machine: Machine): string {
  const given = variable(machine, 'CLINE_MCP_SETTINGS_PATH');
  if (given !== undefined) return given;
  const base = variable(machine, 'CLINE_DIR') ?? joinPath(machine, machine.home, '.cline');
  const data = variable(machine, 'CLINE_DATA_DIR') ?? joinPath(machine, base, 'data');
  return joinPath(machine, data, 'settings', 'cline_mcp_settings.json');
}

/** `.claude.json`, which Claude Code keeps in the home folder, or in `CLAUDE_CONFIG_DIR`. */
export function claudeCodeFile(machine: Machine): string {
  return joinPath(machine, variable(machine, 'CLAUDE_CONFIG_DIR') ?? machine.home, '.claude.json');
}

export function openCodeFile(machine: Machine, folder: string): string {
  return existingOrFirst(
    machine,
    joinPath(machine, folder, 'opencode.json'),
    joinPath(machine, folder, 'opencode.jsonc'),
  );
}
