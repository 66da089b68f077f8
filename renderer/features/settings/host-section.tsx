import type { HostPreferences } from '../../../protocol/host-bridge.ts';
import type { LauncherView, VaultView } from '../../../protocol/host-desktop.ts';
import { useWords } from '../../state/services.ts';
import { useTray } from '../../state/use-tray.ts';
import type { Words } from '../../strings/words.ts';
import { Button } from '../../ui/button.tsx';
import { Switch } from '../../ui/switch.tsx';
import { isMatch } from './setting-groups.ts';
import { SettingShell } from './setting-row.tsx';

const notifications = [
  'notifyPrompts',
  'notifyCrashes',
  'notifyUpdates',
] as const satisfies readonly (keyof HostPreferences)[];

/** What belongs to the tray app itself: its start, what it tells the system, editors' launcher, secrets. Nothing in a browser. */
export function HostSettings({ find }: { readonly find: string }) {
  const words = useWords();
  const { tray, state } = useTray();
  if (tray === undefined || state === undefined) return null;
  const { host } = words.text.settings;
  const { loginItem, preferences, launcher, vault } = state;
  return (
    <>
      {isMatch(host.login, find) ? (
        <SettingShell
          id="login-item"
          state={loginItem}
          label={host.login}
          note={loginItem === 'needs-approval' ? host.loginApproval : host.loginNote}
        >
          <Switch
            label={host.login}
            testId="login-item"
            isOn={loginItem === 'on' || loginItem === 'needs-approval'}
            isDisabled={loginItem === 'unavailable'}
            onChange={(isOn) => void tray.ask('command', { type: 'set-login-item', isOn })}
          />
        </SettingShell>
      ) : null}
      {notifications.map((name) =>
        isMatch(host[name], find) ? (
          <SettingShell key={name} id={name} state={preferences[name] ? 'on' : 'off'} label={host[name]}>
            <Switch
              label={host[name]}
              testId={name}
              isOn={preferences[name]}
              onChange={(isOn) => void tray.ask('setPreference', { [name]: isOn })}
            />
          </SettingShell>
        ) : null,
      )}
      {isMatch(host.launcher, find) ? (
        <SettingShell
          id="launcher"
          state={launcher.state}
          label={host.launcher}
          below={
            <p
              className={
                launcher.state === 'ready' || launcher.state === 'checkout' ? 'setting__fixed' : 'setting__pending'
              }
            >
              {launcherText(launcher, words)}
            </p>
          }
        >
          {null}
        </SettingShell>
      ) : null}
      {isMatch(host.vault, find) ? (
        <SettingShell
          id="vault"
          state={vault.state}
          label={host.vault}
          below={
            <p className={vault.state === 'plain' || vault.state === 'locked' ? 'setting__pending' : 'setting__fixed'}>
              {vaultText(vault, words)}
            </p>
          }
        >
          {vault.state === 'locked' ? (
            <Button testId="check-vault" onClick={() => void tray.ask('command', { type: 'check-vault' })}>
              {host.vaultAgain}
            </Button>
          ) : null}
        </SettingShell>
      ) : null}
    </>
  );
}

/** What this program is, for whoever has a question about it. Nothing in a browser. */
export function About({ find }: { readonly find: string }) {
  const { text, fill, plural } = useWords();
  const { tray, state } = useTray();
  if (tray === undefined || state === undefined || !isMatch(text.settings.groups.about, find)) return null;
  const { about: words } = text.settings;
  const { version, about } = state;
  const { electron, chromium, node, licence, homepage, stateDir, crashes } = about;
  const parts = [
    ...(electron === '' ? [] : [fill(words.electron, { version: electron })]),
    ...(chromium === '' ? [] : [fill(words.chromium, { version: chromium })]),
    fill(words.node, { version: node }),
  ];
  return (
    <>
      <SettingShell
        id="version"
        state={version}
        label={fill(words.version, { version })}
        note={`${parts.join(text.common.separator)}${text.common.separator}${fill(words.licence, { licence })}`}
      >
        {homepage === null ? null : (
          <Button testId="homepage" onClick={() => void tray.ask('command', { type: 'open-homepage' })}>
            {words.homepage}
          </Button>
        )}
      </SettingShell>
      <SettingShell
        id="state-folder"
        state={stateDir}
        label={words.stateFolder}
        note={
          <bdi className="mono" dir="ltr">
            {stateDir}
          </bdi>
        }
      >
        <Button testId="open-state-folder" onClick={() => void tray.ask('reveal', { what: 'state' })}>
          {words.open}
        </Button>
      </SettingShell>
      <SettingShell
        id="crash-log"
        state={String(crashes)}
        label={words.crashLog}
        note={crashes === 0 ? words.noCrashes : plural(words.crashes, crashes)}
      >
        {crashes === 0 ? null : (
          <Button testId="open-crash-log" onClick={() => void tray.ask('reveal', { what: 'crash-log' })}>
            {words.open}
          </Button>
        )}
      </SettingShell>
    </>
  );
}

/** Labels that a search looks at. */
export function hostLabels({ text }: Pick<Words, 'text'>): readonly string[] {
  const { host } = text.settings;
  return [host.login, ...notifications.map((name) => host[name]), host.launcher, host.vault];
}

function launcherText(launcher: LauncherView, { text, fill, bytes }: Words): string {
  const { launchers } = text.settings.host;
  switch (launcher.state) {
    case 'ready':
      return fill(launchers.ready, { path: launcher.path });
    case 'checkout':
      return launchers.checkout;
    case 'move-first':
      return launchers.moveFirst;
    case 'no-space':
      return fill(launchers.noSpace, { needed: bytes(launcher.neededBytes), free: bytes(launcher.freeBytes) });
    case 'failed':
      return fill(launchers.failed, { reason: launcher.reason });
  }
}

function vaultText(vault: VaultView, { text, fill }: Words): string {
  const { vaults } = text.settings.host;
  switch (vault.state) {
    case 'checking':
      return vaults.checking;
    case 'encrypted':
      return fill(vaults.encrypted, { backend: vault.backend });
    case 'plain':
      return fill(vaults.plain, { code: vault.code });
    case 'locked':
      return fill(vaults.locked, { code: vault.code });
  }
}
