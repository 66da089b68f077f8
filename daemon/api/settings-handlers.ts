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

/** Names that would be read as a limit of another kind. */
const noProviders: ReadonlySet<string> = new Set(['SESSION', 'GLOBAL']);

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
      for (const [provider, cap] of Object.entries(body.providers ?? {})) {
        const name = provider.toUpperCase();
        if (noProviders.has(name)) {
          throw new FailureError({ code: 'VALIDATION_ERROR', message: `providers.${provider}: this is no provider` });
        }
        set(`EXAI_WS_${name}_MAX_INFLIGHT`, cap);
      }
      await settings.change(Object.fromEntries(values));
      onChanged();
      return caps();
    },
  };
}
