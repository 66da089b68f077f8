import { contextBridge, ipcRenderer } from 'electron';
import {
  type HostBridge,
  hostBridgeKey,
  hostChannel,
  hostStateChannel,
  hostVerbNames,
} from '../protocol/host-verbs.ts';

/** The only thing the page gets of the app: one function per verb, and the app's state as it changes. */
const verbs = Object.fromEntries(
  hostVerbNames.map((verb) => [
    verb,
    (input: unknown): Promise<unknown> => ipcRenderer.invoke(hostChannel(verb), input),
  ]),
);
const onState: HostBridge['onState'] = (listener) => {
  const receive = (_event: unknown, state: unknown): void => listener(state);
  ipcRenderer.on(hostStateChannel, receive);
  return () => void ipcRenderer.off(hostStateChannel, receive);
};
contextBridge.exposeInMainWorld(hostBridgeKey, { ...verbs, onState });
