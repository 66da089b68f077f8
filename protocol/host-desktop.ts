import { z } from 'zod';

/** What the tray app tells its window about the desktop it runs on. Sizes are bytes. */

export const loginItemSchema = z.enum(['on', 'off', 'needs-approval', 'unavailable']);
export type LoginItemState = z.infer<typeof loginItemSchema>;

export const updateSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('idle') }),
  z.object({ state: z.literal('checking') }),
  z.object({ state: z.literal('none') }),
  z.object({ state: z.literal('downloading'), version: z.string() }),
  z.object({ state: z.literal('ready'), version: z.string() }),
  /** A person wants it installed; these calls run or wait, and it is installed after the last of them. */
  z.object({ state: z.literal('waiting'), version: z.string(), calls: z.int().min(0) }),
  z.object({ state: z.literal('failed'), reason: z.string() }),
  /** This package cannot update itself: the page to get it from opens instead, where there is one. */
  z.object({ state: z.literal('by-hand') }),
]);
export type UpdateView = z.infer<typeof updateSchema>;

/** The path that editors start, which no update changes. */
export const launcherSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('ready'), path: z.string() }),
  /** Editors start the programs of the checkout themselves. */
  z.object({ state: z.literal('checkout') }),
  /** macOS: the app runs from a disk image, whose path goes away. */
  z.object({ state: z.literal('move-first') }),
  /** The runtime of an AppImage, or of Windows, cannot be copied out. */
  z.object({ state: z.literal('no-space'), neededBytes: z.number(), freeBytes: z.number() }),
  z.object({ state: z.literal('failed'), reason: z.string() }),
]);
export type LauncherView = z.infer<typeof launcherSchema>;

/**
 * Where secrets are kept. `backend` is the system's own name (`kwallet6`, `Keychain`); `VAULT_PLAIN`: in a file that only
 * this user may read; `VAULT_LOCKED`: the key ring does not answer, and nothing is read or written meanwhile.
 */
export const vaultSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('checking') }),
  z.object({ state: z.literal('encrypted'), backend: z.string() }),
  z.object({ state: z.literal('plain'), code: z.literal('VAULT_PLAIN'), backend: z.string() }),
  z.object({ state: z.literal('locked'), code: z.literal('VAULT_LOCKED'), backend: z.string() }),
]);
export type VaultView = z.infer<typeof vaultSchema>;

/** Facts for the section About, and for a bug report. */
export const aboutSchema = z.object({
  /** Empty where the app does not run on Electron. */
  electron: z.string(),
  chromium: z.string(),
  node: z.string(),
  licence: z.string(),
  /** Null while nobody publishes this build. */
  homepage: z.string().nullable(),
  stateDir: z.string(),
  /** Entries of the crash log; 0 when there is none. */
  crashes: z.int().min(0),
});
export type AboutView = z.infer<typeof aboutSchema>;
