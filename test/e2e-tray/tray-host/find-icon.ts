import type { IconPicture } from './sni-item.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A host may shrink the twofold picture, which shifts a full pixel by a few shades. */
const nearlyInk = 12;
const clearlyGround = 60;

/**
 * Where a picture is on the screen in its own size: each full pixel in the icon's colour, each empty one far from it. Undefined
 * when it is nowhere.
 */
export function findIcon(
  screen: IconPicture,
  icon: IconPicture,
  within: { readonly height: number },
): Place | undefined {
  const probes = [...pixelsOf(icon)].filter(({ alpha }) => alpha === 255 || alpha === 0);
  probes.sort((one, other) => other.alpha - one.alpha); // the colour first: most places fail at once
  for (let y = 0; y + icon.height <= within.height; y += 1) {
    for (let x = 0; x + icon.width <= screen.width; x += 1) {
      const fits = probes.every((probe) => {
        const at = ((y + probe.y) * screen.width + x + probe.x) * 4;
        const distance = Math.max(
          ...[0, 1, 2].map((channel) => Math.abs((screen.rgba[at + channel] ?? 0) - (probe.colour[channel] ?? 0))),
        );
        return probe.alpha === 255 ? distance <= nearlyInk : distance >= clearlyGround;
      });
      if (fits) return { x, y };
    }
  }
  return undefined;
}

function* pixelsOf({ width, height, rgba }: IconPicture) {
  const full = rgba.findIndex((value, index) => index % 4 === 3 && value === 255) - 3;
  const ink = rgba.subarray(full, full + 3); // an icon has one colour
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) yield { x, y, colour: ink, alpha: rgba[(y * width + x) * 4 + 3] ?? 0 };
  }
}

/** Edges of what differs between two pictures of the screen below a row; undefined when nothing does. */
export function changedBelow(
  before: IconPicture,
  after: IconPicture,
  top: number,
): { readonly left: number; readonly top: number; readonly width: number; readonly height: number } | undefined {
  const xs: number[] = [];
  const ys: number[] = [];
  for (let pixel = top * before.width; pixel < before.width * before.height; pixel += 1) {
    const at = pixel * 4;
    if ([0, 1, 2].every((channel) => before.rgba[at + channel] === after.rgba[at + channel])) continue;
    xs.push(pixel % before.width);
    ys.push(Math.floor(pixel / before.width));
  }
  if (xs.length === 0) return undefined;
  const least = (values: readonly number[]) => values.reduce((one, other) => Math.min(one, other));
  const most = (values: readonly number[]) => values.reduce((one, other) => Math.max(one, other));
  return { left: least(xs), top: least(ys), width: most(xs) - least(xs) + 1, height: most(ys) - least(ys) + 1 };
}
