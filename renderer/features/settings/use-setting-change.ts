import { useEffect, useRef, useState } from 'react';
import type { SettingView } from '../../../protocol/settings.ts';
import { useWords } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';
import { problemOf } from './setting-groups.ts';
import type { SaveSetting } from './use-settings.ts';

export interface SettingChange {
  readonly state: 'idle' | 'saving' | 'saved' | 'failed';
  readonly error: string | undefined;
  /** Takes the last change back; undefined when there is none, or after 8 s. */
  readonly undo: (() => void) | undefined;
  readonly change: (value: string | null) => void;
  /** Forgets an error: the person has gone back to the value in force. */
  readonly forget: () => void;
}

const savedMs = 2_000;
const undoMs = 8_000;

/** Saves one setting at once, says so for a while, and can take it back. */
export function useSettingChange(setting: SettingView, save: SaveSetting): SettingChange {
  const words = useWords();
  const [state, setState] = useState<SettingChange['state']>('idle');
  const [error, setError] = useState<string>();
  const [former, setFormer] = useState<{ readonly value: string | null }>();
  const timers = useRef<ReturnType<typeof setTimeout>[]>([]);
  useEffect(() => () => timers.current.forEach(clearTimeout), []);

  async function run(value: string | null, isUndo: boolean): Promise<void> {
    timers.current.forEach(clearTimeout);
    const problem = value === null ? undefined : problemOf(setting, value);
    if (problem !== undefined) {
      const { noNumber, outOfRange, tooSmall } = words.text.settings;
      const range = { min: setting.min ?? 0, max: setting.max ?? 0 };
      setState('failed');
      setError(words.fill({ number: noNumber, range: outOfRange, small: tooSmall }[problem], range));
      return;
    }
    setState('saving');
    const before = { value: setting.source === 'settings-file' ? (setting.pendingValue ?? setting.value) : null };
    const answer = await save(setting, value);
    if (answer.state === 'failed') {
      setState('failed');
      setError(describeFailure(answer.failure, words));
      return;
    }
    setError(undefined);
    setState('saved');
    setFormer(isUndo ? undefined : before);
    timers.current = [setTimeout(() => setState('idle'), savedMs), setTimeout(() => setFormer(undefined), undoMs)];
  }

  return {
    state,
    error,
    undo: former === undefined ? undefined : () => void run(former.value, true),
    change: (value) => void run(value, false),
    forget: () => {
      setState('idle');
      setError(undefined);
    },
  };
}
