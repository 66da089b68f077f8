import 'uplot/dist/uPlot.min.css';
import './time-chart.css';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { type SeriesLook, usePalette } from './chart-colors.ts';
import { chartOptions } from './time-chart-options.ts';

export interface TimeChartProps {
  /** Beginning of each bucket, epoch seconds. */
  readonly t: readonly number[];
  readonly bucketSeconds: number;
  /** One list of values for each look; a null is a gap. Drawn in this order. */
  readonly values: readonly (readonly (number | null)[])[];
  readonly looks: readonly SeriesLook[];
  readonly top: number;
  /** Charts with the same name share their cursor. */
  readonly sync: string;
  /** Name of the cursor. */
  readonly label: string;
  readonly sayValue: (value: number) => string;
  /** Names of places on the time axis. */
  readonly sayTick: (seconds: number) => string;
  /** What a bucket holds, in words. */
  readonly describe: (index: number) => string;
  readonly onCursor: (index: number | undefined) => void;
  readonly onSelect: (from: number, to: number) => void;
}

const height = 148;
/** Where a cursor is that is nowhere. */
const outside = -10;

/**
 * Values over time on a canvas. The cursor is a slider for the keyboard and for assistive technology: its value is read as
 * it moves. In a chunk of its own, with the library.
 */
export function TimeChart(props: TimeChartProps) {
  const { t, bucketSeconds, values, looks, sync, label, describe } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  const palette = usePalette();
  const [cursor, setCursor] = useState<number>();
  /** Where a range began that is being selected by keys. */
  const anchor = useRef<number>(undefined);

  useEffect(() => {
    latest.current = props;
  });

  const lookKey = JSON.stringify(looks);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const now = () => latest.current;
    const made = new uPlot(
      chartOptions(
        {
          looks: now().looks,
          top: () => now().top,
          span: () => spanOf(now()),
          indexAt: (seconds) => indexAt(now().t, seconds),
          sayValue: (value) => now().sayValue(value),
          sayTick: (value) => now().sayTick(value),
          sync,
          onCursor: (index) => {
            setCursor(index);
            now().onCursor(index);
          },
          onSelect: (from, to) => now().onSelect(from, to),
        },
        element.clientWidth,
        height,
      ),
      dataOf(now()),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- drawn anew when looks or colours change; data follows below
  }, [sync, lookKey, palette]);

  useEffect(() => plot.current?.setData(dataOf({ t, values })), [t, values]);

  function moveTo(index: number): void {
    const made = plot.current;
    const at = t[index];
    if (made === undefined || at === undefined) return;
    place(made.valToPos(at + bucketSeconds / 2, 'x'));
    showSelection(index);
  }

  function showSelection(index: number): void {
    const made = plot.current;
    if (made === undefined) return;
    const from = t[Math.min(index, anchor.current ?? index)] ?? 0;
    const to = (t[Math.max(index, anchor.current ?? index)] ?? 0) + bucketSeconds;
    const left = made.valToPos(from, 'x');
    const isShown = anchor.current !== undefined;
    const width = isShown ? made.valToPos(to, 'x') - left : 0;
    made.setSelect({ left, width, top: 0, height: made.over.clientHeight }, false);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const last = t.length - 1;
    const at = cursor ?? last + 1;
    const to: Readonly<Record<string, number>> = {
      ArrowLeft: Math.max(0, at - 1),
      ArrowRight: Math.min(last, at + 1),
      Home: 0,
      End: last,
    };
    const target = to[event.key];
    if (target !== undefined) {
      anchor.current = event.shiftKey ? (anchor.current ?? Math.min(at, last)) : undefined;
      moveTo(target);
    } else if (event.key === 'Enter' && anchor.current !== undefined && cursor !== undefined) {
      const from = t[Math.min(anchor.current, cursor)] ?? 0;
      const until = (t[Math.max(anchor.current, cursor)] ?? 0) + bucketSeconds;
      leave();
      props.onSelect(from, until);
    } else if (event.key === 'Escape' && cursor !== undefined) leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function leave(): void {
    anchor.current = undefined;
    plot.current?.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    place(outside);
  }

  /** Moves the cursor of this chart, and those that are shared with it. */
  function place(left: number): void {
    const made = plot.current;
    if (made === undefined) return;
    made.setCursor({ left, top: 0 });
    // What the others go by; the library notes it for its own mouse only.
    if (made.cursor.sync !== undefined) made.cursor.sync.values = [made.posToVal(left, 'x'), 0];
    uPlot.sync(sync).pub('mousemove', made, left, 0, made.over.clientWidth, made.over.clientHeight, -1);
  }

  const shown = cursor ?? t.length - 1;
  return (
    <div
      ref={box}
      className="time-chart"
      dir="ltr"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, t.length - 1)}
      aria-valuenow={Math.max(0, shown)}
      aria-valuetext={describe(shown)}
      onKeyDown={onKeyDown}
      onBlur={leave}
    />
  );
}

function spanOf({ t, bucketSeconds }: Pick<TimeChartProps, 't' | 'bucketSeconds'>): readonly [number, number] {
  const first = t[0] ?? 0;
  return [first, (t.at(-1) ?? first) + bucketSeconds];
}

/** The bucket that a moment belongs to. */
function indexAt(t: readonly number[], seconds: number): number {
  return Math.max(
    0,
    t.findLastIndex((start) => start <= seconds),
  );
}

function dataOf({ t, values }: Pick<TimeChartProps, 't' | 'values'>): uPlot.AlignedData {
  return [[...t], ...values.map((list) => [...list])];
}
