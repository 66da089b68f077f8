import './session-filter.css';
import { useSessionFilter } from '../state/filter.ts';
import { useModel, useRouter, useWords } from '../state/services.ts';

/** Which session everything on this page speaks of. The choice is in the address. */
export function SessionFilterField() {
  const { text } = useWords();
  const router = useRouter();
  const { session } = useSessionFilter();
  const order = useModel((model) => model.sessionOrder) ?? [];
  const sessions = useModel((model) => model.sessions);
  const ids = order.flatMap((key) => sessions?.get(key)?.sessionId ?? []);
  const options = session === undefined || ids.includes(session) ? ids : [session, ...ids];
  return (
    <label className="field">
      <span className="field__label">{text.overview.sessionFilter}</span>
      <select
        className="field__select"
        data-testid="filter-session"
        value={session ?? ''}
        onChange={(event) => router.setQuery({ session: event.target.value })}
      >
        <option value="">{text.overview.sessionFilterAll}</option>
        {options.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}
