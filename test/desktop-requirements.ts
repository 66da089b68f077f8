/** Promises about the app as part of a desktop; `test/requirements.ts` has all others. */
export const desktopRows: readonly (readonly [string, string])[] = [
  ['DESK-launcher-plan', 'each kind of package gives editors a path that no update, mount or move changes'],
  [
    'DESK-launcher-copy',
    'what is copied out is hashed at both ends, put in place whole, and repaired at the next start',
  ],
  ['DESK-launcher-upgrade', 'shims and calls live through an upgrade; an old version goes when nothing runs from it'],
  ['DESK-launcher-refuses', 'one changed byte is named, and neither daemon nor shim is started from it'],
  ['DESK-vault', 'secrets are kept encrypted by the key ring, read back after a restart, and deleted'],
  ['DESK-vault-plain', 'a desktop without a key ring is told so, and secrets are in a 0600 file'],
  ['DESK-vault-locked', 'a locked key ring gives nothing, takes nothing, and makes nothing plain'],
  ['DESK-update-calls', 'an update is never installed while calls run or wait'],
  ['DESK-update-log-off', 'an update is never installed while the session of the desktop ends'],
  ['DESK-update-way', 'what cannot replace itself safely gets a link, and is never asked by itself'],
  ['DESK-notify', 'the system is told three things only, each with its switch'],
  ['DESK-crash-log', 'what breaks in the app is a line in a file of this machine'],
  ['DESK-settings', 'settings of the app and its facts are in its window'],
];
