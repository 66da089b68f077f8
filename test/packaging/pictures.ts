import { renderSvg } from '../../build/render-svg.mjs';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha of each pixel. */
  readonly rgba: Uint8Array;
}

const pngStart = '89504e470d0a1a0a';

/** Width and height as a PNG states them. */
export function pngSize(png: Buffer): { readonly width: number; readonly height: number } {
  if (png.subarray(0, 8).toString('hex') !== pngStart) throw new Error('no PNG');
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

export function readPng(png: Buffer): Picture {
  const { width, height } = pngSize(png);
  const data = png.toString('base64');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"><image width="${width}" height="${height}" image-rendering="optimizeSpeed" href="data:image/png;base64,${data}"/></svg>`;
  return renderSvg(svg, width);
}

/** The pictures in a Windows icon: plain 32-bit bitmaps, or PNG. */
export function readIco(file: Buffer): Picture[] {
  if (file.readUInt16LE(0) !== 0 || file.readUInt16LE(2) !== 1) throw new Error('no icon');
  return Array.from({ length: file.readUInt16LE(4) }, (_, index) => {
    const at = 6 + 16 * index;
    const offset = file.readUInt32LE(at + 12);
    const frame = file.subarray(offset, offset + file.readUInt32LE(at + 8));
    const stated = file[at] === 0 ? 256 : (file[at] ?? 0);
    const picture = frame.readUInt32LE(0) === 40 ? readBitmap(frame) : readPng(frame);
    if (picture.width !== stated) throw new Error(`a frame of ${picture.width} pixels is listed as ${stated}`);
    return picture;
  });
}

function readBitmap(frame: Buffer): Picture {
  const size = frame.readInt32LE(4);
  if (frame.readInt32LE(8) !== 2 * size || frame.readUInt16LE(14) !== 32)
    throw new Error('no 32-bit bitmap with a mask');
  const rgba = new Uint8Array(size * size * 4);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const from = 40 + ((size - 1 - y) * size + x) * 4;
      const [blue = 0, green = 0, red = 0, alpha = 0] = frame.subarray(from, from + 4);
      rgba.set([red, green, blue, alpha], (y * size + x) * 4);
    }
  }
  const mask = Math.ceil(size / 32) * 4 * size;
  if (frame.length !== 40 + rgba.length + mask) throw new Error('a bitmap of another length');
  return { width: size, height: size, rgba };
}

/** Type → PNG of a macOS icon. */
export function readIcns(file: Buffer): Map<string, Buffer> {
  if (file.toString('latin1', 0, 4) !== 'icns' || file.readUInt32BE(4) !== file.length) throw new Error('no icns');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length; at += file.readUInt32BE(at + 4)) {
    chunks.set(file.toString('latin1', at, at + 4), file.subarray(at + 8, at + file.readUInt32BE(at + 4)));
  }
  return chunks;
}

export function alphaOf({ rgba }: Picture): number[] {
  return Array.from({ length: rgba.length / 4 }, (_, pixel) => rgba[4 * pixel + 3] ?? 0);
}
