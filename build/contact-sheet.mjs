import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { renderIcons, trayDrawings } from './icons.mjs';
import { renderSvg } from './render-svg.mjs';

/**
 * `node build/contact-sheet.mjs`: every tray icon on every bar, in its own pixels and enlarged, and the app icon, as one
 * picture to look at: docs/screenshots/tray-icons.png. Needs the Debian package fonts-dejavu-core.
 */

const target = 'docs/screenshots/tray-icons.png';
const font = await readFile('/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf');
const files = await renderIcons();
const ink = '#1e1c19';

const bars = [
  { title: 'macOS, light bar', ground: '#e9e9ec', zoom: 4, picture: (name) => mac(name) },
  { title: 'macOS, dark bar', ground: '#2b2b2e', zoom: 4, picture: (name) => mac(name), invert: true },
  { title: 'Windows, light taskbar', ground: '#f3f3f3', zoom: 4, picture: (name) => windows(name, 'dark') },
  { title: 'Windows, dark taskbar', ground: '#1c1c1c', zoom: 4, picture: (name) => windows(name, 'light') },
  { title: 'Linux, light panel', ground: '#eff0f1', zoom: 3, picture: (name) => linux(name, 'dark') },
  { title: 'Linux, dark panel', ground: '#131313', zoom: 3, picture: (name) => linux(name, 'light') },
];

const column = 196;
const row = 128;
const left = 176;
const names = Object.keys(trayDrawings);
const width = left + names.length * column;
const parts = [
  `<rect width="100%" height="100%" fill="#faf9f6"/>`,
  ...names.map((name, index) => text(left + index * column + 16, 34, name, 15)),
];
for (const [index, bar] of bars.entries()) parts.push(barOf(bar, 52 + index * row));
const below = 52 + bars.length * row;
parts.push(appRow(below, '#faf9f6', ink), appRow(below + 148, '#1c1c1c', '#eceae6'));

const sheet = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${below + 296}">${parts.join('')}</svg>`;
await mkdir('docs/screenshots', { recursive: true });
await writeFile(target, renderSvg(sheet, width, [font]).png);
process.stdout.write(`${target}\n`);

/** A bar of one system: each state in its real sizes, then enlarged so that each pixel shows. */
function barOf({ title, ground, zoom, picture, invert = false }, y) {
  const cells = names.map((name, index) => {
    const sizes = picture(name);
    let x = left + index * column + 16;
    const real = sizes.map(({ png, size }) => {
      const drawn = image(png, x, y + 14, size);
      x += size + 6;
      return drawn;
    });
    const { png, size } = sizes[0];
    real.push(image(png, left + index * column + 110, y + 40, size * zoom));
    return real.join('');
  });
  const filter = invert
    ? '<filter id="invert" color-interpolation-filters="sRGB"><feColorMatrix values="-1 0 0 0 1 0 -1 0 0 1 0 0 -1 0 1 0 0 0 1 0"/></filter>'
    : '';
  const group = invert ? `<g filter="url(#invert)">${cells.join('')}</g>` : cells.join('');
  return `${filter}<rect x="${left}" y="${y}" width="${width - left}" height="${row}" fill="${ground}"/>${text(12, y + 68, title, 13)}${group}`;
}

function appRow(y, ground, colour) {
  const sizes = [16, 22, 24, 32, 48, 64, 128];
  let x = left + 16;
  const real = sizes.map((size) => {
    const drawn = image(files.get(`icon/${size}x${size}.png`), x, y + 12, size);
    x += size + 14;
    return drawn;
  });
  for (const [size, zoom] of [
    [16, 7],
    [32, 4],
  ]) {
    real.push(image(files.get(`icon/${size}x${size}.png`), x + 20, y + 10, size * zoom));
    x += size * zoom + 20;
  }
  const label = `<text x="12" y="${y + 78}" font-family="DejaVu Sans" font-size="13" fill="${colour}">app icon</text>`;
  return `<rect y="${y}" width="100%" height="148" fill="${ground}"/>${label}${real.join('')}`;
}

function mac(name) {
  return [
    { size: 16, png: files.get(`tray/mac/${name}Template.png`) },
    { size: 32, png: files.get(`tray/mac/${name}Template@2x.png`) },
  ];
}

function linux(name, glyph) {
  return [
    { size: 22, png: files.get(`tray/linux/${name}-${glyph}.png`) },
    { size: 44, png: files.get(`tray/linux/${name}-${glyph}@2x.png`) },
  ];
}

/** The renderer reads no icon files, so the plain bitmaps in one become pictures of squares: one per pixel. */
function windows(name, glyph) {
  const file = files.get(`tray/win/${name}-${glyph}.ico`);
  return [16, 24, 32].map((wanted) => {
    for (let at = 6; ; at += 16) {
      if (file[at] !== wanted) continue;
      return { size: wanted, png: pixels(file.subarray(file.readUInt32LE(at + 12) + 40), wanted) };
    }
  });
}

function pixels(bgra, size) {
  const squares = [];
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const [blue, green, red, alpha] = bgra.subarray(((size - 1 - y) * size + x) * 4);
      if (alpha === 0) continue;
      squares.push(
        `<rect x="${x}" y="${y}" width="1" height="1" fill="rgb(${red},${green},${blue})" opacity="${alpha / 255}"/>`,
      );
    }
  }
  return renderSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}">${squares.join('')}</svg>`,
    size,
  ).png;
}

function image(png, x, y, edge) {
  const data = Buffer.from(png).toString('base64');
  return `<image x="${x}" y="${y}" width="${edge}" height="${edge}" image-rendering="optimizeSpeed" href="data:image/png;base64,${data}"/>`;
}

function text(x, y, words, size) {
  return `<text x="${x}" y="${y}" font-family="DejaVu Sans" font-size="${size}" fill="${ink}">${words}</text>`;
}
