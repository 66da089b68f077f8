import type { HostState } from '../../protocol/host-bridge.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

/** Text for a bug report. No secret: state and snapshot hold none, and the daemon masks its own lines. */
export function diagnosticsText(state: HostState, snapshot: Snapshot | null): string {
  const { supervisor, profiles, hasTrayHost, loginItem, update, version, platform } = state;
  const { stderrTail = [], ...problem } = supervisor.problem ?? {};
  return [
    `EXAI Tray ${version} on ${platform}`,
    `daemon: ${JSON.stringify({ ...supervisor, problem })}`,
    `profiles: ${JSON.stringify(profiles.map(({ profileId, port, state: runs }) => ({ profileId, port, state: runs })))}`,
    `desktop: ${JSON.stringify({ hasTrayHost, loginItem, update })}`,
    ...(snapshot === null
      ? []
      : [
          `version: ${snapshot.daemon.version}, policy: ${snapshot.daemon.authPolicy}, store: ${snapshot.daemon.store}`,
          `totals: ${JSON.stringify(snapshot.totals)}`,
          `problems: ${JSON.stringify(snapshot.problems)}`,
        ]),
    ...stderrTail,
    '',
  ].join('\n');
}
