import './activity-filters.css';
import { useEffect, useState } from 'react';
import { callOutcomes, type HistoryFilter, seriesRanges } from '../../../protocol/history.ts';
import { noFilter } from '../../state/history-filter.ts';
import { useClient, useServices } from '../../state/services.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { SelectField, type SelectOption } from '../../ui/select-field.tsx';
import { chipsOf, rangeOf } from './call-words.ts';

interface Facets {
  readonly sessions: readonly string[];
  readonly tools: readonly string[];
  readonly instances: readonly string[];
}

const rangeSeconds = { '15m': 900, '1h': 3_600, '24h': 86_400, '7d': 604_800 } as const;
const customRange = 'custom';

/** What the history can be filtered by; what occurs is asked when a filter is about to be chosen. */
export function ActivityFilters({ filter }: { readonly filter: HistoryFilter }) {
  const { router, clock, words } = useServices();
  const { text } = words;
  const { filters, ranges } = text.activity;
  const [facets, refresh] = useFacets();
  const range = rangeOf(filter, words, clock.now());

  function chooseRange(value: string): void {
    const id = seriesRanges.find((known) => known === value);
    if (value === customRange) return;
    const from = id === undefined ? undefined : String(Math.floor(clock.now()) - rangeSeconds[id]);
    router.setQuery({ from, to: undefined });
  }

  return (
    <search className="activity-filters" aria-label={filters.group} onFocus={refresh} onPointerEnter={refresh}>
      <SearchField
        testId="filter-text"
        label={text.activity.search}
        value={filter.q ?? ''}
        onChange={(q) => router.setQuery({ q })}
      />
      <div className="activity-filters__choices">
        <Choice id="session" values={facets.sessions} chosen={filter.session} />
        {facets.instances.length === 0 && filter.instance === undefined ? null : (
          <Choice id="instance" values={facets.instances} chosen={filter.instance} />
        )}
        <Choice id="tool" values={facets.tools} chosen={filter.tool} />
        <SelectField
          testId="filter-outcome"
          label={filters.outcome}
          value={filter.outcome ?? ''}
          options={[
            { value: '', label: filters.outcome },
            ...callOutcomes.map((value) => ({ value, label: text.common.outcome[value] })),
          ]}
          onChange={(outcome) => router.setQuery({ outcome })}
        />
        <SelectField
          testId="filter-range"
          label={filters.range}
          value={range === undefined ? '' : customRange}
          options={[
            { value: '', label: filters.range },
            ...(range === undefined ? [] : [{ value: customRange, label: range }]),
            ...seriesRanges.map((value) => ({ value, label: ranges[value] })),
          ]}
          onChange={chooseRange}
        />
      </div>
      <Chips filter={filter} />
    </search>
  );
}

interface ChoiceProps {
  readonly id: 'session' | 'instance' | 'tool';
  readonly values: readonly string[];
  readonly chosen: string | undefined;
}

function Choice({ id, values, chosen }: ChoiceProps) {
  const { router, words } = useServices();
  const label = words.text.activity.filters[id];
  const known = chosen === undefined || values.includes(chosen) ? values : [chosen, ...values];
  const options: readonly SelectOption[] = [{ value: '', label }, ...known.map((value) => ({ value, label: value }))];
  return (
    <SelectField
      testId={`filter-${id}`}
      label={label}
      value={chosen ?? ''}
      options={options}
      onChange={(value) => router.setQuery({ [id]: value })}
    />
  );
}

function Chips({ filter }: { readonly filter: HistoryFilter }) {
  const { router, clock, words } = useServices();
  const { activity } = words.text;
  const chips = chipsOf(filter, words, clock.now());
  if (chips.length === 0) return null;
  return (
    <div className="activity-filters__chips">
      {chips.map(({ label, keys }) => (
        <button
          key={keys[0]}
          type="button"
          className="chip"
          data-testid="filter-chip"
          data-id={keys[0]}
          aria-label={words.fill(activity.removeFilter, { filter: label })}
          onClick={() => router.setQuery(Object.fromEntries(keys.map((key) => [key, undefined])))}
        >
          <bdi className="truncate">{label}</bdi>
          <Icon name="close" />
        </button>
      ))}
      <Button testId="filter-clear" onClick={() => router.setQuery(noFilter)}>
        {activity.clear}
      </Button>
    </div>
  );
}

/** What occurs in the history; asked anew when a person turns to the filters, at most every 5 s. */
function useFacets(): readonly [Facets, () => void] {
  const client = useClient();
  const [facets, setFacets] = useState<Facets>({ sessions: [], tools: [], instances: [] });
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    void client.json('historyFacets', {}, controller.signal).then((answer) => {
      if (answer.state === 'ok' && !controller.signal.aborted) setFacets(answer.value);
    });
    return () => controller.abort();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `asked` is not read, it says when to look again
  }, [client, asked]);
  return [facets, () => setAsked(Math.floor(Date.now() / 5_000))];
}
