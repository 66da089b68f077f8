import { writePrivateFile } from './private-file.ts';

/**
 * Writes a page that only this user can read and that sends a browser on to `url`. For addresses that hold a ticket: what is
 * in the arguments of a program can be read by every user of the machine.
 * @param page where it is written, in a private directory
 */
export function writeRedirectPage(page: string, url: string): void {
  // An address of ours has nothing in it that means something in HTML; a configured host name must not bring any in.
  const address = url.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  writePrivateFile(
    page,
    `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${address}">
<title>EXAI dashboard</title>
<p><a href="${address}">Open the dashboard</a></p>
`,
  );
}
