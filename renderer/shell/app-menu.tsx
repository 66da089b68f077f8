import { useCopyToken } from '../parts/use-copy-token.ts';
import { useRotate } from '../parts/use-rotate.ts';
import { themes } from '../state/preferences.ts';
import { describeProblem } from '../state/problems.ts';
import { useLive, useModel, usePreferences, useServices } from '../state/services.ts';
import { statusOf } from '../state/status.ts';
import { describeFailure } from '../strings/failure.ts';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { wordOf } from './status-pill.tsx';
import type { EndDaemon } from './use-end-daemon.tsx';
import { useHostRows } from './use-host-rows.ts';

/** The ⋯ of every screen: what the tray's menu offers, as far as this host can do it. */
export function AppMenu({ end, onShowKeys }: { readonly end: EndDaemon; readonly onShowKeys: () => void }) {
  const { client, host, router, words, notices, preferences, signOut } = useServices();
  const { text } = words;
  const status = useLive(statusOf);
  const model = useLive(({ model: value }) => value);
  const isPaused = useModel(({ daemon }) => daemon.isPaused) ?? false;
  const theme = usePreferences((chosen) => chosen.theme);
  const rotate = useRotate();
  const hostRows = useHostRows(end);
  const copyToken = useCopyToken();
  const isReady = useLive(({ connection }) => connection.state === 'live');
  const canAct = isReady && !host.capabilities.isReadOnly;
  const { menu } = text.shell;

  function tell(action: string, what: Promise<string | undefined>): void {
    void what.then((reason) => {
      if (reason !== undefined) notices.getState().showToast(words.fill(text.shell.actionFailed, { action, reason }));
    });
  }

  async function togglePause(): Promise<string | undefined> {
    const answer = await client.run(isPaused ? 'unpause' : 'pause', {});
    return answer.state === 'failed' ? describeFailure(answer.failure, words) : undefined;
  }

  const problem = model?.problems[0];
  const nextTheme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  const copyTokenRow: MenuItem = {
    id: 'copy-token',
    label: menu.copyToken,
    isEnabled: canAct && rotate.canRotate,
    run: () => tell(menu.copyToken, copyToken()),
  };
  const pageRows: readonly MenuItem[] = [
    {
      id: 'theme',
      label: words.fill(menu.theme, { theme: menu.themes[theme] }),
      isEnabled: true,
      run: () => preferences.setState({ theme: nextTheme }),
    },
    { id: 'keys', label: menu.keys, isEnabled: true, run: onShowKeys },
  ];
  if (hostRows !== undefined) {
    const items = hostRows.flatMap((row) => (row.id === 'login' ? [copyTokenRow, ...pageRows, row] : [row]));
    return <Menu testId="app-menu" label={menu.title} items={items} />;
  }
  const items: readonly MenuItem[] = [
    {
      id: 'status',
      label:
        status === 'running' && model !== undefined
          ? words.plural(menu.status, model.totals.sessions, { calls: model.totals.inflight })
          : wordOf(status, model?.totals.inflight ?? 0, words),
      isEnabled: false,
      run: () => undefined,
    },
    ...(problem === undefined || model === undefined
      ? []
      : [
          {
            id: 'problem',
            label: words.fill(menu.problem, { title: describeProblem(problem, model.caps, words).title }),
            isEnabled: true,
            run: () => router.go('#/'),
          },
        ]),
    { id: 'sessions', label: menu.sessions, isEnabled: isReady, run: () => router.go('#/sessions') },
    {
      id: 'copy-config',
      label: menu.copyConfig,
      isEnabled: true,
      run: () =>
        void host.copyText(text.overview.addCommand).then((outcome) => {
          notices.getState().showToast(outcome.state === 'copied' ? text.common.copied : text.common.copyTokenFailed);
        }),
    },
    copyTokenRow,
    { id: 'rotate', label: menu.rotate, isEnabled: canAct && rotate.canRotate, run: rotate.run },
    {
      id: 'pause',
      label: menu.pause,
      isEnabled: canAct,
      isChecked: isPaused,
      run: () => tell(menu.pause, togglePause()),
    },
    ...pageRows,
    { id: 'sign-out', label: menu.signOut, isEnabled: status !== 'signed-out', run: () => void signOut() },
  ];
  return <Menu testId="app-menu" label={menu.title} items={items} />;
}
