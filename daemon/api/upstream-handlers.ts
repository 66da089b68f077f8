import type { AdminResponse } from '../../protocol/admin-api.ts';
import type { UpstreamView } from '../../protocol/snapshot.ts';
import type { UpstreamControl } from '../upstreams/upstream-control.ts';
import type { AdminHandlers } from './admin-handler.ts';

export interface UpstreamSources {
  readonly upstreams: () => UpstreamView[];
  readonly problems: () => readonly AdminResponse<'upstreams'>['problems'][number][];
  readonly control: UpstreamControl;
}

type UpstreamRoute =
  | 'upstreams'
  | 'putUpstream'
  | 'removeUpstream'
  | 'startUpstream'
  | 'stopUpstream'
  | 'restartUpstream';

/** The rows of the admin route table about hosted servers. */
export function upstreamHandlers({
  upstreams,
  problems,
  control,
}: UpstreamSources): Pick<AdminHandlers, UpstreamRoute> {
  return {
    upstreams: () => ({ upstreams: upstreams(), problems: [...problems()] }),
    putUpstream: ({ params, body }) => control.put(params.upstreamId, body.entry),
    removeUpstream: ({ params }) => control.remove(params.upstreamId),
    startUpstream: ({ params }) => control.start(params.upstreamId),
    stopUpstream: ({ params }) => control.stop(params.upstreamId),
    restartUpstream: ({ params }) => control.restart(params.upstreamId),
  };
}
