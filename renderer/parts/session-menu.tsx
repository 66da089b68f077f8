import type { SessionView } from '../../protocol/snapshot.ts';
import type { Answer } from '../api/admin-client.ts';
import { hrefOf } from '../state/router.ts';
import { useCanAct, useServices } from '../state/services.ts';
import { describeFailure } from '../strings/failure.ts';
import { Menu, type MenuItem } from '../ui/menu.tsx';

export interface SessionMenuProps {
  readonly session: SessionView;
  readonly tabIndex?: number;
  /** Offered where the page has a field for it. */
  readonly onRename?: () => void;
}

/** What can be done with a session. */
export function SessionMenu({ session, tabIndex, onRename }: SessionMenuProps) {
  const { client, notices, router, words } = useServices();
  const canAct = useCanAct();
  const { text } = words;
  const isHere = session.connectionStatus !== 'ended' && canAct;
  const params = { sessionId: session.key };

  function tell(action: string, done: string, what: Promise<Answer<unknown>>): void {
    void what.then((answer) => {
      const reason = answer.state === 'failed' ? describeFailure(answer.failure, words) : undefined;
      notices
        .getState()
        .showToast(reason === undefined ? done : words.fill(text.shell.actionFailed, { action, reason }));
    });
  }

  const { logSource } = session;
  const items: readonly MenuItem[] = [
    ...(onRename === undefined
      ? []
      : [{ id: 'session-rename', label: text.session.rename, isEnabled: isHere, run: onRename }]),
    {
      id: 'session-reconnect',
      label: text.session.reconnectNow,
      isEnabled: isHere && session.transport === 'shim',
      run: () =>
        tell(text.session.reconnectNow, text.session.reconnectAsked, client.run('reconnectSession', { params })),
    },
    {
      id: 'session-log',
      label: text.session.openLog,
      isEnabled: logSource !== null,
      run: () => router.go(hrefOf(['logs', logSource ?? ''])),
    },
    {
      id: 'session-history',
      label: text.session.showHistory,
      isEnabled: true,
      run: () => router.go(hrefOf(['activity'], { session: session.sessionId })),
    },
    {
      id: 'session-disconnect',
      label: text.session.disconnect,
      isEnabled: isHere,
      run: () => tell(text.session.disconnect, text.session.disconnected, client.run('disconnectSession', { params })),
    },
  ];
  return (
    <Menu
      testId="session-more"
      label={text.common.more}
      items={items}
      {...(tabIndex === undefined ? {} : { tabIndex })}
    />
  );
}
