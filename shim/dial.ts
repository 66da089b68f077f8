import type { DiscoveryRead } from '../platform/discovery.ts';
import type { DaemonLink, LinkOptions, LinkResult, UpgradeAnswer } from './daemon-link.ts';
import {
  type EndpointCandidate,
  type EndpointQuestion,
  endpointText,
  isOnThisMachine,
  planEndpoints,
} from './endpoint-plan.ts';
import { openLink } from './open-link.ts';
import { isSameProof, serverProofOf } from './server-proof.ts';

export interface DialOptions {
  readonly question: Omit<EndpointQuestion, 'discovery'>;
  readonly readDiscovery: () => DiscoveryRead;
  readonly link: Omit<LinkOptions, 'expectProof'>;
  /** Called each time an answer is waited for: what has to be done anyway is done then. */
  readonly onWaiting: () => void;
}

/** What the discovery file says of the daemon that is or was there. */
export interface LastDaemon {
  readonly state: 'running' | 'stopped' | 'unknown';
  readonly hasOwner: boolean;
  readonly launch: readonly string[] | undefined;
}

export type DialResult =
  /** `isProven`: whoever answers is the daemon of this state directory. */
  | { readonly type: 'open'; readonly link: DaemonLink; readonly isProven: boolean }
  /** Nobody listens, or nobody should. `isStartable`: a daemon started here would be found next time. */
  | {
      readonly type: 'absent';
      readonly message: string;
      readonly isStartable: boolean;
      readonly lastDaemon: LastDaemon;
    }
  | { readonly type: 'failed'; readonly message: string };

/** One attempt to reach the daemon: reads the discovery file, tries its endpoints in order, checks the proof (WIRE §10). */
export async function dial(options: DialOptions): Promise<DialResult> {
  const discovery = options.readDiscovery();
  const plan = planEndpoints({ ...options.question, discovery });
  const lastDaemon = lastDaemonOf(discovery);
  if (plan.type === 'none') {
    return { type: 'absent', message: plan.message, isStartable: discovery.type !== 'exposed', lastDaemon };
  }
  let failure: Extract<LinkResult, { type: 'failed' }> | undefined;
  let absence: Extract<LinkResult, { type: 'absent' }> | undefined;
  for (const candidate of plan.candidates) {
    const expectProof: LinkOptions['expectProof'] = (tried, nonce) => proofCheck(tried, nonce, options);
    const result = await openLink(candidate, { ...options.link, expectProof });
    if (result.type === 'open') return { type: 'open', link: result.link, isProven: candidate.run !== undefined };
    if (result.type === 'failed') failure ??= result;
    else absence ??= result;
  }
  if (failure !== undefined) return failure;
  return {
    type: 'absent',
    message:
      absence?.message ??
      `${plan.candidates.map(({ endpoint }) => endpointText(endpoint)).join(', ')}: nobody listens.`,
    isStartable: plan.candidates.every(({ endpoint }) => isOnThisMachine(endpoint)),
    lastDaemon,
  };
}

/** The proof of the run in the file is worked out before the answer is there. */
function proofCheck(
  candidate: EndpointCandidate,
  nonce: string,
  options: DialOptions,
): (answer: UpgradeAnswer) => boolean {
  const { run } = candidate;
  const expected = run === undefined ? '' : serverProofOf(run.key, nonce, run.id);
  options.onWaiting();
  return ({ daemonRunId, proof }) => {
    if (run === undefined) return true;
    if (daemonRunId === run.id && isSameProof(expected, proof)) return true;
    // The daemon may have been restarted between our look at the file and our connect.
    const newer = currentRun(candidate, options);
    if (newer === undefined || newer.key === run.key || newer.id !== daemonRunId) return false;
    return isSameProof(serverProofOf(newer.key, nonce, newer.id), proof);
  };
}

function currentRun({ endpoint }: EndpointCandidate, options: DialOptions): EndpointCandidate['run'] {
  const plan = planEndpoints({ ...options.question, discovery: options.readDiscovery() });
  if (plan.type === 'none') return undefined;
  const text = endpointText(endpoint);
  return plan.candidates.find((candidate) => endpointText(candidate.endpoint) === text)?.run;
}

function lastDaemonOf(discovery: DiscoveryRead): LastDaemon {
  if (discovery.type !== 'ok') return { state: 'unknown', hasOwner: true, launch: undefined };
  const { state, owner, launch } = discovery.file;
  return { state, hasOwner: owner !== undefined, launch };
}
