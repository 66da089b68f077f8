import type { Bounds } from './settings.ts';

export const windowSize = { width: 380, height: 560, minWidth: 340, minHeight: 420 } as const;

export interface Screen {
  /** Without taskbars and docks. */
  readonly workArea: Bounds;
}

/** Key of a monitor layout: places of the window are remembered for each. */
export function layoutKey(screens: readonly Screen[]): string {
  return screens
    .map(({ workArea: { x, y, width, height } }) => `${x},${y},${width}x${height}`)
    .toSorted()
    .join(' ');
}

/** Less of the window than this in view, and it is brought back. */
const leastVisible = 0.8;
const gap = 8;

export interface PlaceFacts {
  readonly screens: readonly [Screen, ...Screen[]];
  readonly remembered: Bounds | undefined;
  /** Of the tray icon, where the system tells. */
  readonly tray: Bounds | undefined;
}

/** Where the window opens: where it was when enough of that is in view, else beside the tray icon, else in the middle. */
export function windowPlace({ screens, remembered, tray }: PlaceFacts): Bounds {
  if (remembered !== undefined && visiblePart(remembered, screens) >= leastVisible) return remembered;
  const size = { width: remembered?.width ?? windowSize.width, height: remembered?.height ?? windowSize.height };
  const anchor = tray !== undefined && tray.width > 0 ? tray : undefined;
  const screen = anchor === undefined ? screens[0] : nearest(screens, anchor);
  const { workArea } = screen;
  const width = Math.min(size.width, workArea.width);
  const height = Math.min(size.height, workArea.height);
  if (anchor === undefined) {
    return {
      x: Math.round(workArea.x + (workArea.width - width) / 2),
      y: Math.round(workArea.y + (workArea.height - height) / 2),
      width,
      height,
    };
  }
  const isAbove = anchor.y + anchor.height / 2 < workArea.y + workArea.height / 2;
  const y = isAbove ? anchor.y + anchor.height + gap : anchor.y - height - gap;
  const x = anchor.x + anchor.width / 2 - width / 2;
  return {
    x: Math.round(clamp(x, workArea.x + gap, workArea.x + workArea.width - width - gap)),
    y: Math.round(clamp(y, workArea.y, workArea.y + workArea.height - height)),
    width,
    height,
  };
}

function visiblePart(bounds: Bounds, screens: readonly Screen[]): number {
  const area = bounds.width * bounds.height;
  const seen = screens.reduce((sum, { workArea }) => sum + overlap(bounds, workArea), 0);
  return area > 0 ? seen / area : 0;
}

function overlap(a: Bounds, b: Bounds): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

function nearest(screens: readonly [Screen, ...Screen[]], { x, y }: Bounds): Screen {
  const distance = ({ workArea: area }: Screen): number =>
    Math.hypot(x - clamp(x, area.x, area.x + area.width), y - clamp(y, area.y, area.y + area.height));
  return screens.reduce((best, screen) => (distance(screen) < distance(best) ? screen : best));
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
