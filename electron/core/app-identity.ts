declare const __EXAI_HOMEPAGE__: string | undefined;

/** Of electron-builder.yml: Windows knows the app's notifications and taskbar entry by it. */
export const appId = 'io.github.exai-tray';

export const licence = 'MIT';

/** Where this build comes from, of package.json; undefined while nobody publishes it. */
export const homepage: string | undefined = publicPage(
  typeof __EXAI_HOMEPAGE__ === 'string' ? __EXAI_HOMEPAGE__ : undefined,
);

/** An https address that can exist, as it is. A name under `.invalid` (RFC 2606) never does, and is none. */
export function publicPage(address: string | undefined): string | undefined {
  const parsed = address === undefined ? null : URL.parse(address);
  return parsed?.protocol === 'https:' && !parsed.hostname.endsWith('.invalid') ? parsed.href : undefined;
}
