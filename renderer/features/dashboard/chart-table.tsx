import { useLayoutEffect, useRef } from 'react';
import { useWords } from '../../state/services.ts';
import type { ChartData } from './chart-data.ts';

interface ChartTableProps {
  readonly chart: ChartData;
  readonly labelledBy: string;
  readonly timeOf: (at: number) => string;
  readonly say: (value: number | null | undefined) => string;
}

/** The numbers of a chart, oldest first; it opens at its end, where now is. */
export function ChartTable({ chart: { t, columns }, labelledBy, timeOf, say }: ChartTableProps) {
  const { dashboard } = useWords().text;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, []);
  return (
    <div ref={box} className="chart__table" role="region" aria-labelledby={labelledBy} tabIndex={0}>
      <table aria-labelledby={labelledBy}>
        <thead>
          <tr>
            <th scope="col">{dashboard.columns.time}</th>
            {columns.map(({ id }) => (
              <th key={id} scope="col">
                {dashboard.series[id]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {t.map((at, index) => (
            <tr key={at}>
              <th scope="row">{timeOf(at)}</th>
              {columns.map(({ id, values }) => (
                <td key={id}>{say(values[index])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
