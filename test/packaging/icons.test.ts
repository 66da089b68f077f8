import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderIcons, themeColours, trayDrawings } from '../../build/icons.mjs';
import { alphaOf, type Picture, pngSize, readIcns, readIco, readPng } from './pictures.ts';

const files = await renderIcons();
const drawings = ['attention', 'error', 'idle', 'starting', 'starting-b', 'stopped', 'working'];
const glyphs = ['light', 'dark'];
const windowsSizes = [16, 20, 24, 32, 40, 48];

/** Grounds that a glyph may lie on: taskbars of Windows 11, GNOME, Breeze and Xfce. */
const bars: Readonly<Record<string, readonly string[]>> = {
  light: ['#131313', '#1c1c1c', '#202020', '#2a2e32', '#2d2d2d'],
  dark: ['#eeeeee', '#f3f3f3', '#eff0f1', '#fafafb', '#ffffff'],
};

function file(name: string): Buffer {
  const content = files.get(name);
  if (content === undefined) throw new Error(`${name} was not rendered`);
  return content;
}

/** The pictures of a state, by what a person would see at once: system, glyph and size. */
function pictures(name: string): Map<string, Picture> {
  const seen = new Map<string, Picture>();
  for (const scale of ['', '@2x']) seen.set(`mac${scale}`, readPng(file(`tray/mac/${name}Template${scale}.png`)));
  for (const glyph of glyphs) {
    for (const scale of ['', '@2x']) {
      seen.set(`linux ${glyph}${scale}`, readPng(file(`tray/linux/${name}-${glyph}${scale}.png`)));
    }
    for (const picture of readIco(file(`tray/win/${name}-${glyph}.ico`))) {
      seen.set(`win ${glyph} ${picture.width}`, picture);
    }
  }
  return seen;
}

describe('icons', () => {
  it('ICON-files: every state has its file for every system, glyph and scale, and there is no other', () => {
    expect(Object.keys(trayDrawings).toSorted()).toEqual(drawings);
    const tray = drawings.flatMap((name) => [
      `tray/mac/${name}Template.png`,
      `tray/mac/${name}Template@2x.png`,
      ...glyphs.flatMap((glyph) => [
        `tray/linux/${name}-${glyph}.png`,
        `tray/linux/${name}-${glyph}@2x.png`,
        `tray/win/${name}-${glyph}.ico`,
      ]),
    ]);
    const app = [16, 22, 24, 32, 48, 64, 128, 256, 512].map((size) => `icon/${size}x${size}.png`);
    expect([...files.keys()].toSorted()).toEqual([...tray, ...app, 'icon/icon.icns', 'icon/icon.ico'].toSorted());
  });

  it.each(drawings)('ICON-sizes: %s has the sizes that its systems ask for', (name) => {
    const sizes = [...pictures(name)].map(([what, { width, height }]) => [what, width, height]);
    expect(sizes).toEqual([
      ['mac', 16, 16],
      ['mac@2x', 32, 32],
      ...glyphs.flatMap((glyph) => [
        [`linux ${glyph}`, 22, 22],
        [`linux ${glyph}@2x`, 44, 44],
        ...windowsSizes.map((size) => [`win ${glyph} ${size}`, size, size]),
      ]),
    ]);
  });

  it('ICON-sizes: the app icon has its sizes on all three systems', () => {
    for (const [name, content] of files) {
      const size = Number(/^icon\/(\d+)x/.exec(name)?.[1]);
      if (Number.isFinite(size)) expect(pngSize(content)).toEqual({ width: size, height: size });
    }
    expect(readIco(file('icon/icon.ico')).map(({ width }) => width)).toEqual([16, 20, 24, 32, 40, 48, 64, 128, 256]);
    const icns = [...readIcns(file('icon/icon.icns'))].map(([type, png]) => [type, pngSize(png).width]);
    expect(Object.fromEntries(icns)).toEqual({
      icp4: 16,
      icp5: 32,
      ic11: 32,
      ic12: 64,
      ic07: 128,
      ic13: 256,
      ic08: 256,
      ic14: 512,
      ic09: 512,
      ic10: 1024,
    });
  });

  it.each(drawings)('ICON-mac-template: %s is black and alpha, so that macOS chooses the colour', (name) => {
    for (const scale of ['', '@2x']) {
      const { rgba } = readPng(file(`tray/mac/${name}Template${scale}.png`));
      expect(Math.max(...rgba.filter((_, index) => index % 4 !== 3))).toBe(0);
    }
  });

  it.each(drawings)('ICON-pixel-clean: the edges of %s lie between pixels, at every size', (name) => {
    for (const [what, picture] of pictures(name)) {
      const { width } = picture;
      const alpha = alphaOf(picture);
      const middle = alpha.slice(width * (width / 2), width * (width / 2 + 1)); // a row through the centre of the disc
      const margin = middle.findIndex((value) => value > 0);
      expect(middle[margin], `left edge of ${name}, ${what}`).toBeGreaterThan(230);
      expect(margin, `margin of ${name}, ${what}`).toBeLessThanOrEqual(width / 4);
    }
  });

  it('ICON-contrast: a glyph is at least 4.5 : 1 on every bar that it is made for', async () => {
    const colours = await themeColours();
    for (const [name, token] of Object.entries(trayDrawings)) {
      for (const glyph of glyphs) {
        const colour = solidColour(readPng(file(`tray/linux/${name}-${glyph}@2x.png`)));
        expect(colour).toBe(colours[glyph === 'light' ? 'dark' : 'light']?.[token]);
        for (const bar of bars[glyph] ?? []) {
          expect(contrast(colour, bar), `${name}-${glyph} on ${bar}`).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  });

  it('ICON-distinct: any two states differ by shape alone, at 16 pixels', () => {
    for (const [index, first] of drawings.entries()) {
      for (const second of drawings.slice(index + 1)) {
        const [one, other] = [first, second].map((name) => alphaOf(readPng(file(`tray/mac/${name}Template.png`))));
        const differing = one?.filter((alpha, pixel) => Math.abs(alpha - (other?.[pixel] ?? 0)) > 96).length;
        // The disc has 113 pixels; a sixth of it is seen without looking for it.
        expect(differing, `${first} and ${second}`).toBeGreaterThanOrEqual(19);
      }
    }
  });

  it('ICON-deterministic: the same drawings give the same bytes', async () => {
    const changed = [...(await renderIcons())].filter(([name, content]) => Buffer.compare(content, file(name)) !== 0);
    expect(changed.map(([name]) => name)).toEqual([]);
  });
});

it('ICON-favicon: the page has the small drawing of the app, line for line', () => {
  const shapes = (path: string): string[] => readFileSync(path, 'utf8').match(/<(?:rect|path|circle)[^>]*>/g) ?? [];
  expect(shapes('renderer/public/favicon.svg')).toEqual(shapes('resources/icon/icon-small.svg'));
  expect(shapes('renderer/public/favicon.svg')).toHaveLength(3);
});

/** The colour of the full pixels. */
function solidColour({ rgba }: Picture): string {
  const colours = new Set<string>();
  for (let at = 0; at < rgba.length; at += 4) {
    if (rgba[at + 3] === 255) colours.add(`#${Buffer.from(rgba.subarray(at, at + 3)).toString('hex')}`);
  }
  if (colours.size !== 1) throw new Error(`one colour was expected, not ${[...colours].join(', ')}`);
  return [...colours].join('');
}

function contrast(first: string, second: string): number {
  const [darker = 0, lighter = 0] = [luminance(first), luminance(second)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [...Buffer.from(colour.slice(1), 'hex')].map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
