import type { LogSource } from '../../../protocol/logs.ts';
import type { SessionView } from '../../../protocol/snapshot.ts';
import { titleOf } from '../../state/session-words.ts';
import type { Words } from '../../strings/words.ts';

export interface SourceChoice {
  readonly id: string;
  readonly label: string;
}

export interface SourceGroups {
  readonly daemon: readonly SourceChoice[];
  readonly shims: readonly SourceChoice[];
}

const daemonLogs = ['daemon', 'traffic', 'activity'] as const;

/** What can be chosen: the daemon's own logs, then those of windows, with the name of the session that writes one now. */
export function groupSources(
  sources: readonly LogSource[],
  sessions: Iterable<SessionView>,
  chosen: string,
  { text, fill }: Words,
): SourceGroups {
  const owners = new Map(
    [...sessions].flatMap((session) => (session.logSource === null ? [] : [[session.logSource, session] as const])),
  );
  const ids = new Set(sources.map(({ id }) => id));
  const daemon = daemonLogs
    .filter((id) => ids.has(id) || id === chosen || (ids.size === 0 && id === 'daemon'))
    .map((id) => ({ id, label: text.logs.sources[id] }));
  const shims = sources
    .filter(({ kind }) => kind === 'shim')
    .toSorted(
      (left, right) => Number(owners.has(right.id)) - Number(owners.has(left.id)) || right.modifiedAt - left.modifiedAt,
    )
    .map(({ id, file }) => {
      const owner = owners.get(id);
      return {
        id,
        label: owner === undefined ? file : fill(text.logs.owned, { name: titleOf(owner), id: owner.sessionId }),
      };
    });
  const isListed = [...daemon, ...shims].some(({ id }) => id === chosen);
  // A log that is not there (yet) stays chosen: its page says what is wrong.
  return { daemon, shims: isListed ? shims : [{ id: chosen, label: chosen }, ...shims] };
}
