import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

export type ResolvedCommand =
  | { readonly type: 'found'; readonly path: string }
  /** One sentence that says where it was looked for. */
  | { readonly type: 'missing'; readonly message: string };

/** Finds the program of a configuration entry as a shell would: in `PATH`, or at its path, taken from `cwd`. */
export function resolveCommand(
  command: string,
  {
    path,
    cwd,
    platform = process.platform,
    pathExt,
  }: { path: string; cwd: string; platform?: NodeJS.Platform; pathExt?: string },
): ResolvedCommand {
  const isPath = isAbsolute(command) || /[\\/]/.test(command);
  const folders = isPath ? [] : path.split(delimiter).filter((folder) => folder !== '');
  const endings = platform === 'win32' ? ['', ...(pathExt ?? '.COM;.EXE;.BAT;.CMD').split(';')] : [''];
  const candidates = isPath ? [resolve(cwd, command)] : folders.map((folder) => join(resolve(cwd, folder), command));
  for (const candidate of candidates) {
    for (const ending of endings) {
      if (isProgram(candidate + ending)) return { type: 'found', path: candidate + ending };
    }
  }
  const searched = isPath ? candidates.join(', ') : folders.length === 0 ? 'an empty PATH' : folders.join(', ');
  return { type: 'missing', message: `command not found: ${command}, searched ${searched}` };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
