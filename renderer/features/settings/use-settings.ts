import { useCallback, useEffect, useState } from 'react';
import type { SettingView } from '../../../protocol/settings.ts';
import type { Answer, ApiFailure } from '../../api/admin-client.ts';
import { useClient } from '../../state/services.ts';
import { capacityChangeOf } from './setting-groups.ts';

export interface SettingsState {
  readonly settings: readonly SettingView[] | undefined;
  readonly file: string;
  readonly failure: ApiFailure | undefined;
}

/** Stores one value (null: back to the default) and gives what went wrong. */
export type SaveSetting = (setting: SettingView, value: string | null) => Promise<Answer<unknown>>;

/** What the daemon runs with, and how to change it. */
export function useSettings(): SettingsState & { readonly save: SaveSetting; readonly retry: () => void } {
  const client = useClient();
  const [state, setState] = useState<SettingsState>({ settings: undefined, file: '', failure: undefined });

  const [attempt, setAttempt] = useState(0);
  const load = useCallback(() => setAttempt((before) => before + 1), []);

  useEffect(() => {
    const controller = new AbortController();
    void client.json('settings', {}, controller.signal).then((answer) => {
      if (controller.signal.aborted) return;
      setState((before) =>
        answer.state === 'ok'
          ? { settings: answer.value.settings, file: answer.value.settingsFile, failure: undefined }
          : { ...before, failure: answer.failure },
      );
    });
    return () => controller.abort();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `attempt` is not read, it says when to look again
  }, [client, attempt]);

  const save = useCallback<SaveSetting>(
    async (setting, value) => {
      // Both routes change the running daemon. The way back to a default is the settings route's: the capacity route would
      // store the default's number, and hold it when a later version has another default.
      const limit = value === null ? undefined : capacityChangeOf(setting.name, value);
      if (limit !== undefined) {
        const answer = await client.json('changeCapacity', { body: limit });
        if (answer.state === 'ok') load();
        return answer;
      }
      const answer = await client.json('changeSettings', { body: { values: { [setting.name]: value } } });
      if (answer.state === 'ok') {
        setState({ settings: answer.value.settings, file: answer.value.settingsFile, failure: undefined });
      }
      return answer;
    },
    [client, load],
  );

  return { ...state, save, retry: load };
}
