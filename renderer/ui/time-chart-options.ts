import uPlot from 'uplot';
import { colorOf, fade, hatch, isForced, type SeriesLook } from './chart-colors.ts';

export interface ChartShape {
  readonly looks: readonly SeriesLook[];
  /** Asked at each drawing: values change, the chart stays. */
  readonly top: () => number;
  readonly span: () => readonly [number, number];
  readonly indexAt: (seconds: number) => number;
  readonly sayValue: (value: number) => string;
  readonly sayTick: (seconds: number) => string;
  readonly sync: string;
  readonly onCursor: (index: number | undefined) => void;
  readonly onSelect: (from: number, to: number) => void;
}

const axisFont = '11px system-ui, sans-serif';
const leastDrag = 6;

/** A chart in the colours of this moment. The library gets no class or text of its own: the page around it has them. */
export function chartOptions(shape: ChartShape, width: number, height: number): uPlot.Options {
  const axis = {
    stroke: colorOf('--text-3'),
    font: axisFont,
    grid: { stroke: colorOf('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, range: () => [...shape.span()] },
      y: { range: () => [0, shape.top()] },
    },
    cursor: {
      y: false,
      // A value belongs to its whole bucket, from its beginning on.
      dataIdx: (plot, _, __, value) => shape.indexAt(value) ?? plot.cursor.idx,
      points: { size: 6, width: 0, fill: (_, index) => colorOf(shape.looks[index - 1]?.color ?? '--s1') },
      drag: { x: true, y: false, setScale: false, dist: leastDrag },
      sync: { key: shape.sync, scales: ['x', null], setSeries: false, filters: { pub: isMove } },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 22,
        space: 72,
        values: (_, splits) => splits.map(shape.sayTick),
      },
      {
        ...axis,
        size: 52,
        gap: 6,
        space: 34,
        values: (_, splits) => splits.map((split) => (Number.isInteger(split) ? shape.sayValue(split) : '')),
      },
    ],
    series: [{}, ...shape.looks.map(seriesOf)],
    hooks: {
      setCursor: [
        (plot) =>
          shape.onCursor(
            plot.cursor.left === undefined || plot.cursor.left < 0 ? undefined : (plot.cursor.idx ?? undefined),
          ),
      ],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < leastDrag) return;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          shape.onSelect(plot.posToVal(left, 'x'), plot.posToVal(left + wide, 'x'));
        },
      ],
    },
  };
}

/** Only the place of the cursor is shared: a stretch that is dragged out belongs to one chart. */
function isMove(type: string): boolean {
  return type === 'mousemove' || type === 'mouseleave';
}

function seriesOf({ color, kind, isDashed = false, isHatched = false }: SeriesLook): uPlot.Series {
  const stroke = colorOf(color);
  // Without colours a solid bar and a hatched one are still told apart.
  const isPattern = isHatched || (isForced() && kind === 'area');
  const fill = (plot: uPlot) => (isPattern ? hatch(plot.ctx, stroke) : kind === 'area' ? fade(stroke, 0.18) : stroke);
  const bars = uPlot.paths.bars?.({ size: [0.72, 48], align: 1 });
  switch (kind) {
    case 'bars':
      return { stroke, fill, width: 0, points: { show: false }, ...(bars === undefined ? {} : { paths: bars }) };
    case 'area':
      return { stroke, fill, width: 1.5, points: pointsOf(stroke) };
    case 'limit':
      return { stroke, width: 1, dash: [2, 3], points: { show: false } };
    case 'line':
      return { stroke, width: 2, points: pointsOf(stroke), ...(isDashed ? { dash: [6, 3] } : {}) };
  }
}

/** A value between two gaps is no line: it is drawn as a dot. */
function pointsOf(stroke: string): uPlot.Series.Points {
  return {
    show: true,
    size: 5,
    width: 0,
    fill: stroke,
    filter: (plot, seriesIndex) => {
      const values = plot.data[seriesIndex] ?? [];
      const isGap = (index: number) => (values[index] ?? null) === null;
      return Array.from(values, (_, index) => index).filter(
        (index) => !isGap(index) && isGap(index - 1) && isGap(index + 1),
      );
    },
  };
}
