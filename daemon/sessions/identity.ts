import { randomBytes } from 'node:crypto';
import { isAnnouncedName } from '../../protocol/ids.ts';

/** A name for a session that announced none, or no valid one: `s-` and 22 characters of base64url (WIRE §3.3). */
export function madeUpName(random: (bytes: number) => Buffer = randomBytes): string {
  return `s-${random(16).toString('base64url')}`;
}

/** `base` itself, or the lowest free `base#2`, `base#3`, … */
export function freeName(base: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(base)) return base;
  for (let suffix = 2; ; suffix += 1) {
    const name = `${base}#${suffix}`;
    if (!isTaken(name)) return name;
  }
}

export function baseName(announced: unknown, random?: (bytes: number) => Buffer): string {
  return isAnnouncedName(announced) ? announced : madeUpName(random);
}

/**
 * The key a session is found by when its client comes back: principal, instance or announced name, shim process.
 * Never content, never the announced name alone (WIRE §3.3). Undefined for clients without a shim id.
 */
export function shimKey(
  principal: string,
  shimId: string | undefined,
  instanceId: string | null,
  announced: unknown,
): string | undefined {
  if (shimId === undefined) return undefined;
  const label = instanceId ?? (isAnnouncedName(announced) ? announced : '');
  return JSON.stringify([principal, label, shimId]);
}
