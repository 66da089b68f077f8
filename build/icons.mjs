import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { icns, ico } from './icon-containers.mjs';
import { renderSvg } from './render-svg.mjs';

/**
 * Renders resources/ into the picture files of the three systems. A tray icon ends in `-light` or `-dark` after its own
 * colour: the light one is for a dark bar.
 */

const root = fileURLToPath(new URL('..', import.meta.url));

/** Drawings of the tray, and the colour of theme.css that repeats what the shape says. */
export const trayDrawings = {
  error: 'danger',
  stopped: 'off',
  starting: 'off',
  'starting-b': 'off',
  attention: 'warn',
  working: 'accent',
  idle: 'text',
};

/** The theme whose colours a glyph takes: light glyphs are made for dark ground. */
const glyphs = { light: 'dark', dark: 'light' };

/**
 * Pixels of the picture → pixels of the 12-unit disc. The nearest whole number with equal margins, so that the disc's edge
 * falls between two pixels; a plain scale would blur it at 20 and 22.
 */
const discs = new Map([
  [16, 12],
  [20, 16],
  [22, 16],
  [24, 18],
  [32, 24],
  [40, 30],
  [44, 32],
  [48, 36],
]);

const windowsTray = [16, 20, 24, 32, 40, 48];
const windowsApp = [16, 20, 24, 32, 40, 48, 64, 128, 256];
const linuxApp = [16, 22, 24, 32, 48, 64, 128, 256, 512];

/**
 * Every file, by its path below the folder of resources.
 * @returns {Promise<Map<string, Buffer>>}
 */
export async function renderIcons() {
  const colours = await themeColours();
  const files = new Map();
  for (const [name, token] of Object.entries(trayDrawings)) {
    const svg = await source(`tray/src/${name}.svg`);
    files.set(`tray/mac/${name}Template.png`, trayIcon(svg, '#000000', 16).png);
    files.set(`tray/mac/${name}Template@2x.png`, trayIcon(svg, '#000000', 32).png);
    for (const [glyph, theme] of Object.entries(glyphs)) {
      const colour = colours[theme][token];
      files.set(`tray/linux/${name}-${glyph}.png`, trayIcon(svg, colour, 22).png);
      files.set(`tray/linux/${name}-${glyph}@2x.png`, trayIcon(svg, colour, 44).png);
      files.set(`tray/win/${name}-${glyph}.ico`, ico(windowsTray.map((size) => trayIcon(svg, colour, size))));
    }
  }
  const app = await source('icon/icon.svg');
  const small = await source('icon/icon-small.svg');
  files.set(
    'icon/icon.icns',
    icns((size) => renderSvg(size <= 16 ? small : app, size).png),
  );
  files.set('icon/icon.ico', ico(windowsApp.map(appIcon)));
  for (const size of linuxApp) files.set(`icon/${size}x${size}.png`, appIcon(size).png);
  return files;

  /** macOS keeps a margin around the sheet, where its shadow falls; elsewhere the sheet fills the picture. */
  function appIcon(size) {
    return { size, ...renderSvg(size <= 24 ? small : viewed(app, '84 84 856 856'), size) };
  }
}

/** Writes them beside `folder` and then in its place. */
export async function buildIcons(folder) {
  const draft = join(dirname(folder), `.resources.${process.pid}`);
  for (const [name, content] of await renderIcons()) {
    await mkdir(dirname(join(draft, name)), { recursive: true });
    await writeFile(join(draft, name), content);
  }
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
}

/** Colours by theme and token, as the interface has them: `{ light: { danger: '#AE261D', … }, dark: … }`. */
export async function themeColours() {
  const css = await readFile(join(root, 'renderer/theme.css'), 'utf8');
  return Object.fromEntries(
    Object.values(glyphs).map((theme) => {
      const block = new RegExp(`\\[data-theme="${theme}"\\]\\s*{([^}]*)}`).exec(css)?.[1] ?? '';
      const found = [...block.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6})/gi)].map(([, token, colour]) => [
        token,
        colour,
      ]);
      return [theme, Object.fromEntries(found)];
    }),
  );
}

function trayIcon(svg, colour, size) {
  const units = (size * 12) / discs.get(size);
  const from = 8 - units / 2;
  const drawn = viewed(svg, `${from} ${from} ${units} ${units}`).replace('<svg ', `<svg color="${colour}" `);
  return { size, ...renderSvg(drawn, size) };
}

function viewed(svg, viewBox) {
  return svg.replace(/viewBox="[^"]*"/, `viewBox="${viewBox}"`);
}

function source(name) {
  return readFile(join(root, 'resources', name), 'utf8');
}
