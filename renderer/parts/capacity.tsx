import './capacity.css';
import type { GaugeView } from '../../protocol/snapshot.ts';
import { useModel, useWords } from '../state/services.ts';
import { Meter } from '../ui/meter.tsx';
import { StatusMark } from '../ui/status-mark.tsx';

/** How full every limit is: all calls, each provider, and the queue when there is one. */
export function CapacityBars() {
  const { text } = useWords();
  const caps = useModel((model) => model.caps);
  if (caps === undefined) return null;
  return (
    <ul className="capacity" aria-label={text.overview.capacity}>
      <Bar gauge={caps.global} label={text.overview.all} />
      {caps.providers.map((gauge) => (
        <Bar key={gauge.id} gauge={gauge} label={gauge.label} />
      ))}
      {caps.queue === null ? null : <Bar gauge={caps.queue} label={text.overview.queue} isQueue />}
    </ul>
  );
}

interface BarProps {
  readonly gauge: GaugeView;
  readonly label: string;
  readonly isQueue?: boolean;
}

function Bar({ gauge, label, isQueue = false }: BarProps) {
  const { text, fill } = useWords();
  const { id, inflight, cap, queued } = gauge;
  const waiting = isQueue ? 0 : queued;
  const isFull = cap !== null && inflight >= cap;
  return (
    <li className="capacity__row" data-state={isFull ? 'full' : 'free'}>
      <bdi className="capacity__label truncate" title={label}>
        {label}
      </bdi>
      <Meter testId={`gauge-${id}`} label={label} value={inflight} max={cap} waiting={waiting} isQueue={isQueue} />
      <span className="capacity__figures">
        {cap === null
          ? fill('{value}', { value: inflight })
          : fill(text.common.units.of, { value: inflight, total: cap })}
      </span>
      <span className="capacity__waiting">
        {waiting > 0 ? (
          <>
            <StatusMark kind="attention" />
            <span className="capacity__waiting-word">{fill(text.overview.waiting, { count: waiting })}</span>
          </>
        ) : null}
      </span>
    </li>
  );
}
