import { describe, expect, it } from 'vitest';
import css from './theme.css?raw';

type Theme = ReadonlyMap<string, string>;

/** Custom properties of all rules whose selector lists `[data-theme="name"]`. */
function tokensOf(name: string): Theme {
  const blocks = css.matchAll(/([^{}]+)\{([^{}]*)\}/g);
  const tokens = new Map<string, string>();
  for (const [, selector = '', body = ''] of blocks) {
    if (!selector.includes(`[data-theme="${name}"]`)) continue;
    for (const [, token = '', value = ''] of body.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6})/g))
      tokens.set(token, value);
  }
  return tokens;
}

/** WCAG 2 relative luminance of `#rrggbb`. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: Theme, front: string, back: string): number {
  const [low = 0, high = 0] = [front, back]
    .map((token) => luminance(theme.get(token) ?? expect.fail(`no token --${token}`)))
    .toSorted((left, right) => left - right);
  return (high + 0.05) / (low + 0.05);
}

const grounds = ['bg', 'surface', 'sunken'];
const words = ['text', 'text-2', 'text-3', 'accent', 'ok', 'warn', 'danger', 'off'];
const series = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'];
const tints = [
  ['accent', 'work-tint'],
  ['text', 'work-tint'],
  ['ok', 'ok-tint'],
  ['warn', 'warn-tint'],
  ['danger', 'danger-tint'],
  ['text', 'danger-tint'],
  ['text-2', 'danger-tint'],
  ['on-accent', 'accent'],
] as const;

describe.each(['light', 'dark'])('the %s theme', (name) => {
  const theme = tokensOf(name);

  it.each(words.flatMap((front) => grounds.map((back) => [front, back] as const)))(
    'reads --%s on --%s',
    (front, back) => {
      expect(contrast(theme, front, back)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(series.flatMap((front) => grounds.map((back) => [front, back] as const)))(
    'reads --%s on --%s',
    (front, back) => {
      expect(contrast(theme, front, back)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(tints)('reads --%s on --%s', (front, back) => {
    expect(contrast(theme, front, back)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(grounds)('shows the edges of controls on --%s', (back) => {
    expect(contrast(theme, 'edge', back)).toBeGreaterThanOrEqual(3);
  });
});

it('has the same tokens in both themes', () => {
  expect([...tokensOf('dark').keys()]).toEqual([...tokensOf('light').keys()]);
});
