/**
 * The two file formats that hold one picture in several sizes. Both are a table of contents before the pictures; packages
 * for them exist, but have seen no release for years.
 */

/**
 * Windows icon. Up to 48 px as plain 32-bit bitmaps, which every part of Windows and every resource editor reads; above as PNG.
 * @param {readonly { size: number, rgba: Uint8Array, png: Uint8Array }[]} pictures
 */
export function ico(pictures) {
  const frames = pictures.map(({ size, rgba, png }) => (size <= 48 ? bitmap(size, rgba) : Buffer.from(png)));
  const header = Buffer.alloc(6 + 16 * pictures.length);
  header.writeUInt16LE(1, 2); // an icon, not a cursor
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  for (const [index, { size }] of pictures.entries()) {
    const at = 6 + 16 * index;
    const frame = frames[index];
    header[at] = size % 256; // 256 is written as 0
    header[at + 1] = size % 256;
    header.writeUInt16LE(1, at + 4); // planes
    header.writeUInt16LE(32, at + 6); // bits of a pixel
    header.writeUInt32LE(frame.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += frame.length;
  }
  return Buffer.concat([header, ...frames]);
}

/** BITMAPINFOHEADER, colours from the bottom row up as BGRA, then the mask of programs that know no alpha. */
function bitmap(size, rgba) {
  const head = Buffer.alloc(40);
  head.writeUInt32LE(40, 0);
  head.writeInt32LE(size, 4);
  head.writeInt32LE(size * 2, 8); // colours and mask together
  head.writeUInt16LE(1, 12);
  head.writeUInt16LE(32, 14);
  const colours = Buffer.alloc(size * size * 4);
  const maskRow = Math.ceil(size / 32) * 4;
  const mask = Buffer.alloc(maskRow * size);
  for (let y = 0; y < size; y += 1) {
    const row = size - 1 - y;
    for (let x = 0; x < size; x += 1) {
      const from = (y * size + x) * 4;
      const [red, green, blue, alpha] = rgba.subarray(from, from + 4);
      colours.set([blue, green, red, alpha], (row * size + x) * 4);
      if (alpha === 0) mask[row * maskRow + (x >> 3)] |= 0x80 >> (x & 7);
    }
  }
  return Buffer.concat([head, colours, mask]);
}

/** The type of each picture of a macOS icon: edge in pixels, and whether it is a twofold one. */
const icnsTypes = [
  { type: 'icp4', size: 16 },
  { type: 'icp5', size: 32 },
  { type: 'ic11', size: 32 }, // 16@2x
  { type: 'ic12', size: 64 }, // 32@2x
  { type: 'ic07', size: 128 },
  { type: 'ic13', size: 256 }, // 128@2x
  { type: 'ic08', size: 256 },
  { type: 'ic14', size: 512 }, // 256@2x
  { type: 'ic09', size: 512 },
  { type: 'ic10', size: 1024 }, // 512@2x
];

/**
 * macOS icon of PNG pictures.
 * @param {(size: number) => Uint8Array} png
 */
export function icns(png) {
  const chunks = icnsTypes.map(({ type, size }) => {
    const data = png(size);
    return Buffer.concat([Buffer.from(type), bigEndian(data.length + 8), data]);
  });
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 8);
  return Buffer.concat([Buffer.from('icns'), bigEndian(length), ...chunks]);
}

function bigEndian(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
