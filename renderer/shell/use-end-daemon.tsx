import { type ReactNode, useState } from 'react';
import type { HostCommand } from '../../protocol/host-bridge.ts';
import { callNames } from '../state/call-names.ts';
import { useServices } from '../state/services.ts';
import { useTray } from '../state/use-tray.ts';
import { Dialog } from '../ui/dialog.tsx';

type End = 'stop' | 'restart';

export interface EndDaemon {
  /** Stops or restarts the daemon, after a question where calls run. Does nothing in a browser. */
  readonly request: (what: End) => void;
  /** Ends it although calls run: they were asked about before. */
  readonly endNow: () => void;
  /** The question, while it is put. */
  readonly dialog: ReactNode;
}

/** The calls as they were at the click: a list that changes under the pointer cannot be answered. */
interface Question {
  readonly what: End;
  readonly count: number;
  readonly body: string;
}

/** The way of every Stop and Restart in this page. */
export function useEndDaemon(): EndDaemon {
  const { live, words, notices } = useServices();
  const { tray } = useTray();
  const [question, setQuestion] = useState<Question>();
  const { stop, menu, quit } = words.text.tray;

  function send(command: Extract<HostCommand, { type: End }>): void {
    setQuestion(undefined);
    void tray?.ask('command', command).then((reply) => {
      if (reply.ok) return;
      const params = { action: menu[command.type], reason: reply.message };
      notices.getState().showToast(words.fill(words.text.shell.actionFailed, params));
    });
  }

  function request(what: End): void {
    const { model } = live.getState();
    const body = model === undefined ? undefined : callNames(model, words);
    if (model === undefined || body === undefined) send({ type: what });
    else setQuestion({ what, count: model.callOrder.length, body });
  }

  const cancel = (): void => setQuestion(undefined);
  const dialog =
    question === undefined ? null : (
      <Dialog
        title={words.plural(stop.title, question.count)}
        onCancel={cancel}
        choices={[
          {
            id: 'wait',
            label: stop.wait,
            kind: 'filled',
            run: () => send({ type: question.what, calls: 'wait' }),
          },
          { id: 'now', label: stop.now, kind: 'danger', run: () => send({ type: question.what, calls: 'end' }) },
          { id: 'cancel', label: quit.cancel, kind: 'outlined', run: cancel },
        ]}
      >
        <p>{question.body}</p>
      </Dialog>
    );
  return { request, endNow: () => send({ type: 'stop', calls: 'end' }), dialog };
}
