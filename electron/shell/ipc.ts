import { ipcMain } from 'electron';
import { hostChannel } from '../../protocol/host-verbs.ts';
import { answerVerb, eachVerb, type HostHandlers } from '../core/bridge-handlers.ts';

/** Answers the verbs of the bridge; sender and payload are checked in `core`. */
export function serveBridge(handlers: HostHandlers): void {
  eachVerb((verb) =>
    ipcMain.handle(hostChannel(verb), ({ senderFrame }, input: unknown) =>
      answerVerb(
        verb,
        input,
        { isTopFrame: senderFrame !== null && senderFrame.parent === null, url: senderFrame?.url ?? null },
        handlers,
      ),
    ),
  );
}
