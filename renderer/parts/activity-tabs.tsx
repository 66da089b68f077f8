import './activity-tabs.css';
import { useWords } from '../state/services.ts';

/** Calls and logs are one item of the small layout's navigation. */
export function ActivityTabs({ current }: { readonly current: 'calls' | 'logs' }) {
  const { text } = useWords();
  return (
    <nav className="activity-tabs" aria-label={text.activity.tabs}>
      <a href="#/activity" aria-current={current === 'calls' ? 'page' : undefined} data-testid="tab-calls">
        {text.activity.calls}
      </a>
      <a href="#/logs" aria-current={current === 'logs' ? 'page' : undefined} data-testid="tab-logs">
        {text.activity.logs}
      </a>
    </nav>
  );
}
