import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

/** Draws SVG on any system to the same bytes: one WebAssembly program, no system font, no clock. */

await initWasm(await readFile(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));

/**
 * @param {string} svg
 * @param {number} width in pixels
 * @param {readonly Uint8Array[]} fonts for text in it
 * @returns {{ png: Buffer, rgba: Uint8Array, width: number, height: number }}
 */
export function renderSvg(svg, width, fonts = []) {
  const image = new Resvg(svg, {
    fitTo: { mode: 'width', value: width },
    ...(fonts.length > 0 ? { font: { fontBuffers: [...fonts] } } : {}),
  }).render();
  return { png: Buffer.from(image.asPng()), rgba: straight(image.pixels), width: image.width, height: image.height };
}

/** The renderer keeps colours multiplied by their alpha; files hold them straight. */
function straight(pixels) {
  const rgba = Uint8Array.from(pixels);
  for (let at = 0; at < rgba.length; at += 4) {
    const alpha = rgba[at + 3];
    if (alpha === 0 || alpha === 255) continue;
    for (const channel of [at, at + 1, at + 2])
      rgba[channel] = Math.min(255, Math.round((rgba[channel] * 255) / alpha));
  }
  return rgba;
}
