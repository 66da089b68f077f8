import type { Environment } from '../../platform/state-dir.ts';

/** What the start of an AppImage sets for itself alone. */
const ownVariables: ReadonlySet<string> = new Set(['APPDIR', 'APPIMAGE', 'ARGV0', 'OWD']);

/**
 * The environment for a process that outlives this app: an AppImage has put its mount, which goes with it, into search
 * paths. Elsewhere it is the same.
 */
export function withoutMount(env: Environment): Environment {
  const mount = env['APPDIR'];
  if (mount === undefined || mount === '') return env;
  const isOutside = (path: string): boolean => path !== mount && !path.startsWith(`${mount}/`);
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => {
      if (value === undefined || ownVariables.has(name)) return [];
      if (!value.includes(mount)) return [[name, value]];
      const left = value.split(':').filter((path) => path !== '' && isOutside(path));
      return left.length === 0 ? [] : [[name, left.join(':')]];
    }),
  );
}
