import { FailureError } from '../../protocol/errors.ts';
import type { CapsView } from '../../protocol/snapshot.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { AdminHandlers } from './admin-handler.ts';

export interface SettingsHandlersOptions {
  readonly settings: SettingsStore;
  /** The limits as they are now. */
  readonly caps: () => CapsView;
  /** Limits may have changed. */
  readonly onChanged: () => void;
}

/** Names of limits of another kind. */
const noProviders: ReadonlySet<string> = new Set(['SESSION', 'GLOBAL', 'QUEUE']);
/** In one change. Each is a row of the settings and a gauge of every reader. */
const maxProviders = 32;

/** Settings and limits, which are settings that take effect at once. */
export function settingsHandlers({
  settings,
  caps,
  onChanged,
}: SettingsHandlersOptions): Pick<AdminHandlers, 'settings' | 'changeSettings' | 'changeCapacity'> {
  const shown = () => ({ settings: settings.list(), settingsFile: settings.file });
  return {
    settings: shown,
    changeSettings: async ({ body }) => {
      await settings.change(body.values);
      onChanged();
      return shown();
    },
    changeCapacity: async ({ body }) => {
      const values = new Map<string, string>();
      const set = (name: string, value: number | undefined): void => {
        if (value !== undefined) values.set(name, String(value));
      };
      set('EXAI_WS_SESSION_MAX_INFLIGHT', body.session);
      set('EXAI_WS_GLOBAL_MAX_INFLIGHT', body.global);
      set('EXAI_WS_QUEUE_MAX', body.queue);
      const providers = Object.entries(body.providers ?? {});
      if (providers.length > maxProviders) throw invalid(`providers: expected at most ${maxProviders} at a time`);
      for (const [provider, cap] of providers) {
        const name = `EXAI_WS_${provider.toUpperCase()}_MAX_INFLIGHT`;
        if (noProviders.has(provider.toUpperCase())) throw invalid(`providers.${provider}: this is no provider`);
        if (values.has(name)) throw invalid(`providers.${provider}: it is named twice`);
        set(name, cap);
      }
      await settings.change(Object.fromEntries(values));
      onChanged();
      return caps();
    },
  };
}

function invalid(message: string): FailureError {
  return new FailureError({ code: 'VALIDATION_ERROR', message });
}
