import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderSvg } from '../../../build/render-svg.mjs';
import { pngSize } from '../../packaging/pictures.ts';

const font = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf';

/** Keeps a picture to look at: in test-results, or with `EXAI_TEST_KEEP_PICTURES` set in docs/screenshots. */
export function keepPicture(name: string, png: Uint8Array): void {
  const folder =
    process.env['EXAI_TEST_KEEP_PICTURES'] === undefined
      ? join('test-results', 'tray-host')
      : join('docs', 'screenshots');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), png);
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The top right corner of a screenshot. */
export function cornerOf(png: Buffer, size: Size): Uint8Array {
  return renderSvg(cornerAt(png, 0, 0, size, 1), size.width).png;
}

/** Top right corners of screenshots one above the other, three times as large, each with its name. */
export function stackOf(
  screenshots: readonly Buffer[],
  options: Size & { readonly labels: readonly string[] },
): Uint8Array {
  const { labels } = options;
  const zoom = 3;
  const left = 140;
  const row = options.height * zoom + 6;
  const rows = screenshots.map((png, index) => {
    const label = `<text x="12" y="${index * row + 50}" font-family="DejaVu Sans" font-size="16">${labels[index]}</text>`;
    return cornerAt(png, left, index * row, options, zoom) + label;
  });
  const width = left + options.width * zoom;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${rows.length * row}"><rect width="100%" height="100%" fill="#faf9f6"/>${rows.join('')}</svg>`;
  return renderSvg(svg, width, existsSync(font) ? [readFileSync(font)] : []).png;
}

function cornerAt(png: Buffer, x: number, y: number, { width, height }: Size, zoom: number): string {
  const screen = pngSize(png);
  const view = `${screen.width - width} 0 ${width} ${height}`;
  const data = png.toString('base64');
  return `<svg xmlns="http://www.w3.org/2000/svg" x="${x}" y="${y}" width="${width * zoom}" height="${height * zoom}" viewBox="${view}"><image width="${screen.width}" height="${screen.height}" image-rendering="optimizeSpeed" href="data:image/png;base64,${data}"/></svg>`;
}
