import { rowSizes, themes } from '../../state/preferences.ts';
import { usePreferences, useServices } from '../../state/services.ts';
import { SelectField } from '../../ui/select-field.tsx';
import { Switch } from '../../ui/switch.tsx';
import { isMatch } from './setting-groups.ts';
import { SettingShell } from './setting-row.tsx';

/** What is chosen for this page alone, in this browser. Empty when nothing of it is looked for. */
export function GeneralSettings({ find }: { readonly find: string }) {
  const { preferences, words } = useServices();
  const { settings } = words.text;
  const theme = usePreferences((chosen) => chosen.theme);
  const rows = usePreferences((chosen) => chosen.rows);
  const hasSingleKeys = usePreferences((chosen) => chosen.hasSingleKeys);
  return (
    <>
      {isMatch(settings.theme, find) ? (
        <SettingShell id="theme" state={theme} label={settings.theme}>
          <SelectField
            testId="theme"
            label={settings.theme}
            value={theme}
            options={themes.map((value) => ({ value, label: settings.themes[value] }))}
            onChange={(value) => preferences.setState({ theme: themes.find((one) => one === value) ?? 'system' })}
          />
        </SettingShell>
      ) : null}
      {isMatch(settings.rows, find) ? (
        <SettingShell id="rows" state={rows} label={settings.rows}>
          <SelectField
            testId="rows"
            label={settings.rows}
            value={rows}
            options={rowSizes.map((value) => ({ value, label: settings.rowSizes[value] }))}
            onChange={(value) => preferences.setState({ rows: rowSizes.find((one) => one === value) ?? 'auto' })}
          />
        </SettingShell>
      ) : null}
      {isMatch(settings.singleKeys, find) ? (
        <SettingShell
          id="single-keys"
          state={hasSingleKeys ? 'on' : 'off'}
          label={settings.singleKeys}
          note={hasSingleKeys ? settings.singleKeysNote : undefined}
        >
          <Switch
            label={settings.singleKeys}
            isOn={hasSingleKeys}
            onChange={(isOn) => preferences.setState({ hasSingleKeys: isOn })}
          />
        </SettingShell>
      ) : null}
    </>
  );
}

/** Whether anything of it is looked for. */
export function isGeneralFound(find: string, text: { theme: string; rows: string; singleKeys: string }): boolean {
  return [text.theme, text.rows, text.singleKeys].some((label) => isMatch(label, find));
}
