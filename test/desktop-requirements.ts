/** Promises about the app as part of a desktop; `test/requirements.ts` has all others. */
export const desktopRows: readonly (readonly [string, string])[] = [
];
