/** Promises about pictures and packages; `test/requirements.ts` has all others. */
export const packagingRows: readonly (readonly [string, string])[] = [
  ['ICON-files', 'every tray state has its file for every system, glyph colour and scale'],
  ['ICON-sizes', 'every picture has the sizes that its system asks for'],
  ['ICON-mac-template', 'tray pictures of macOS are black and alpha'],
  ['ICON-pixel-clean', 'the edge of the disc lies between pixels at every size'],
  ['ICON-contrast', 'a glyph is at least 4.5 : 1 on the bars it is made for'],
  ['ICON-distinct', 'any two states differ by shape alone at 16 pixels'],
  ['ICON-deterministic', 'the same drawings give the same bytes'],
  ['ICON-host', 'a real tray host shows the rendered icon of every state, and its menu works'],
  ['PACK-contents', 'a package holds exactly the listed files'],
  ['PACK-fuses', 'the fuses of the packed program are the listed ones'],
  ['PACK-hashes', 'what runs outside the asar is listed in it with its hash'],
  ['PACK-smoke', 'the packed program runs shim, daemon and dashboard as Node'],
  ['PACK-launcher-quoting', 'the launcher works from any path'],
  ['PACK-launcher-updates', 'the path in the editors’ files survives an update'],
  ['PACK-launcher-moved', 'a launcher without its app ends with 78 and says what to do'],
  ['PACK-launcher-state', 'a launcher names the state folder of its app, and an entry may name another'],
];
