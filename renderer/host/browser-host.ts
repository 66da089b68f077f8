import type { CopyOutcome, Host } from './host.ts';

/** The page runs in a browser that was let in by a ticket: it can look at and steer the daemon, but not start it. */
export function createBrowserHost(page: Window): Host {
  const { document, navigator } = page;

  return {
    capabilities: { canOwnDaemon: false, canPickFolder: false, canReveal: false, isReadOnly: false },

    async copyText(text, options): Promise<CopyOutcome> {
      try {
        await write(text);
      } catch {
        return { state: 'failed' };
      }
      if (options === undefined) return { state: 'copied', isCleared: false };
      const isReadable = await canReadClipboard();
      if (isReadable) page.setTimeout(() => void clearIfUnchanged(text), options.clearAfterMs);
      return { state: 'copied', isCleared: isReadable };
    },

    openExternal: (url) => void page.open(url, '_blank', 'noopener'),

    download: (url, fileName) => {
      const link = document.createElement('a');
      link.href = url;
      link.download = fileName;
      link.click();
    },
  };

  /** A text that is still being fetched goes in as a promise: after an await the click no longer counts as one. */
  async function write(text: string | Promise<string>): Promise<void> {
    if (typeof text === 'string') return await navigator.clipboard.writeText(text);
    const blob = text.then((value) => new Blob([value], { type: 'text/plain' }));
    return await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
  }

  /** Only where it has been allowed already: a question from the browser would come out of nowhere. */
  async function canReadClipboard(): Promise<boolean> {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a name of Chromium's that the DOM types lack
      const permission = await navigator.permissions.query({ name: 'clipboard-read' as PermissionName });
      return permission.state === 'granted';
    } catch {
      return false; // This browser knows no such permission.
    }
  }

  async function clearIfUnchanged(text: string | Promise<string>): Promise<void> {
    try {
      if ((await navigator.clipboard.readText()) === (await text)) await navigator.clipboard.writeText('');
    } catch {
      // The page has no focus now; the browser refuses and the text stays.
    }
  }
}
