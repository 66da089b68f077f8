import { AdminClient } from '../../platform/admin-client.ts';
import { type RunningDaemon, readDiscovery } from '../../platform/discovery.ts';
import { isSameProcess } from '../../platform/process-info.ts';
import type { StateLayout } from '../../platform/state-dir.ts';
import { FailureError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';

export type Found =
  /** It has proved to be the daemon of the discovery file. `client` is the caller's to close. */
  | { readonly type: 'found'; readonly discovery: RunningDaemon; readonly client: AdminClient }
  /** `wasStopped`: the last one ended in order. */
  | { readonly type: 'none'; readonly wasStopped: boolean }
  /** Its process is there, but it does not answer. */
  | { readonly type: 'silent'; readonly discovery: RunningDaemon }
  /** The files that say so cannot be trusted or read. */
  | { readonly type: 'refused'; readonly message: string };

/** Looks for the daemon of a state directory: discovery file, pid together with its start time, proof of the run key. */
export async function findDaemon(layout: StateLayout): Promise<Found> {
  const read = readDiscovery(layout.discoveryFile);
  switch (read.type) {
    case 'missing':
    case 'damaged':
      return { type: 'none', wasStopped: false };
    case 'exposed':
    case 'unreadable':
      return { type: 'refused', message: read.message };
    case 'ok':
      break;
  }
  const { file } = read;
  if (file.state === 'stopped') return { type: 'none', wasStopped: true };
  if (!isSameProcess(file.pid, file.processStartedAt)) return { type: 'none', wasStopped: false };
  let client: AdminClient;
  try {
    client = AdminClient.open(layout);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    return error.failure.code === 'FORBIDDEN'
      ? { type: 'refused', message: error.message }
      : { type: 'silent', discovery: file };
  }
  if (await client.isAnswering(limits.connectTimeoutMs)) {
    return { type: 'found', discovery: client.daemon, client };
  }
  client.close();
  return { type: 'silent', discovery: file };
}
