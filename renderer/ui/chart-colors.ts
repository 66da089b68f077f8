import { useSyncExternalStore } from 'react';

/** Tokens that a chart draws with. */
export type ColorToken = '--s1' | '--s2' | '--s3' | '--danger' | '--text-2' | '--text-3' | '--line' | '--bg';

/** How a series looks; a second sign beside the colour is what forced colours leave over. */
export interface SeriesLook {
  readonly color: ColorToken;
  readonly kind: 'bars' | 'line' | 'area' | 'limit';
  readonly isDashed?: boolean;
  readonly isHatched?: boolean;
}

const forced = '(forced-colors: active)';

/** Changes with everything that changes colours: theme, contrast, forced colours. */
export function usePalette(): string {
  return useSyncExternalStore(subscribe, paletteNow);
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const media = [forced, '(prefers-contrast: more)', '(prefers-color-scheme: dark)'].map((query) => matchMedia(query));
  for (const one of media) one.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    for (const one of media) one.removeEventListener('change', listener);
  };
}

function paletteNow(): string {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const contrast = matchMedia('(prefers-contrast: more)').matches;
  return [document.documentElement.dataset['theme'], isForced(), contrast, dark].join(' ');
}

export function isForced(): boolean {
  return matchMedia(forced).matches;
}

/** A token's colour now. Canvas is not touched by forced colours, so it is given the system's own. */
export function colorOf(token: ColorToken): string {
  if (isForced()) {
    if (token === '--bg') return 'Canvas';
    return token === '--line' || token === '--text-3' ? 'GrayText' : 'CanvasText';
  }
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}

/** A transparent kind of a `#rrggbb`; system colours have none. */
export function fade(color: string, share: number): string {
  return color.startsWith('#')
    ? `${color}${Math.round(share * 255)
        .toString(16)
        .padStart(2, '0')}`
    : color;
}

/** Slanted lines in a colour, for fills that must differ without it. */
export function hatch(context: CanvasRenderingContext2D, color: string): CanvasPattern | string {
  const size = Math.round(6 * devicePixelRatio);
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  if (pen === null) return color;
  pen.strokeStyle = color;
  pen.lineWidth = Math.max(1, size / 4);
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
    pen.stroke();
  }
  return context.createPattern(tile, 'repeat') ?? color;
}
