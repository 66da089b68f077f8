import { describe, expect, it } from 'vitest';
import type { DiscoveryFile, DiscoveryRead } from '../platform/discovery.ts';
import {
  type EndpointPlan,
  type EndpointQuestion,
  endpointText,
  isOnThisMachine,
  planEndpoints,
} from './endpoint-plan.ts';

const facts = { schema: 1, daemonRunId: 'run-1', version: '1', protocol: '1.0' } as const;
const running: DiscoveryFile = {
  ...facts,
  state: 'running',
  pid: 1,
  processStartedAt: 1,
  runKey: 'key',
  tcp: { host: '127.0.0.1', port: 9001 },
  localSocket: '/s/daemon.sock',
};
const stopped: DiscoveryFile = {
  ...facts,
  state: 'stopped',
  tcp: { host: '127.0.0.1', port: 9001 },
  localSocket: '/s/daemon.sock',
};

function plan(
  file: DiscoveryFile | DiscoveryRead | undefined,
  more: Partial<EndpointQuestion['settings']> = {},
  isAddressGiven = false,
): EndpointPlan {
  const discovery: DiscoveryRead =
    file === undefined ? { type: 'missing' } : 'type' in file ? file : { type: 'ok', file };
  return planEndpoints({
    settings: { host: '127.0.0.1', port: 8765, endpoint: 'auto', serverProof: 'auto', ...more },
    isAddressGiven,
    discovery,
    defaultLocalPath: () => '/default.sock',
  });
}

/** `where proof` of each candidate, or the reason why there is none. */
function tried(result: EndpointPlan): string | readonly string[] {
  if (result.type === 'none') return result.message;
  return result.candidates.map(
    ({ endpoint, run }) => `${endpointText(endpoint)} ${run === undefined ? 'open' : run.key}`,
  );
}

describe('where a window connects', () => {
  it('MAIN-local-first: the local socket of the file, then its TCP address, both against proof', () => {
    expect(tried(plan(running))).toEqual(['/s/daemon.sock key', '127.0.0.1:9001 key']);
  });

  it('MAIN-local-first: without a file the default address, without proof', () => {
    expect(tried(plan(undefined))).toEqual(['127.0.0.1:8765 open']);
    expect(tried(plan({ type: 'damaged', message: 'x' }))).toEqual(['127.0.0.1:8765 open']);
  });

  it('MAIN-local-first: an address of the process environment wins; the proof is asked where the file describes it', () => {
    expect(tried(plan(running, { port: 9001 }, true))).toEqual(['127.0.0.1:9001 key']);
    expect(tried(plan(running, { host: 'localhost', port: 9001 }, true))).toEqual(['localhost:9001 key']);
    expect(tried(plan(running, { host: 'box.example', port: 9001 }, true))).toEqual(['box.example:9001 open']);
    expect(tried(plan(running, { port: 9002 }, true))).toEqual(['127.0.0.1:9002 open']);
    expect(tried(plan(running, { port: 0 }, true))).toEqual(['/s/daemon.sock key', '127.0.0.1:9001 key']);
  });

  it('MAIN-local-first: EXAI_WS_ENDPOINT forces a kind', () => {
    expect(tried(plan(running, { endpoint: 'tcp' }))).toEqual(['127.0.0.1:9001 key']);
    expect(tried(plan(running, { endpoint: 'local' }))).toEqual(['/s/daemon.sock key']);
    expect(tried(plan(undefined, { endpoint: 'local' }))).toEqual(['/default.sock open']);
    expect(tried(plan(undefined, { endpoint: 'tcp' }))).toEqual(['127.0.0.1:8765 open']);
    expect(tried(plan(running, { endpoint: 'tcp', port: 7 }, true))).toEqual(['127.0.0.1:7 open']);
  });

  it('WIRE-H17: a daemon that was stopped is not connected to; the way out is named', () => {
    expect(tried(plan(stopped, { endpoint: 'tcp' }))).toContain('EXAI_WS_SERVER_PROOF=off');
    expect(tried(plan(stopped))).toContain('is stopped');
    expect(tried(plan(stopped, { port: 9001 }, true))).toContain('is stopped');
    expect(tried(plan(stopped, { serverProof: 'off' }))).toEqual(['/s/daemon.sock open', '127.0.0.1:9001 open']);
  });

  it('WIRE-H17: require connects to nothing that cannot prove itself, off asks nobody', () => {
    expect(tried(plan(undefined, { serverProof: 'require' }))).toContain('EXAI_WS_SERVER_PROOF=require');
    expect(tried(plan(running, { serverProof: 'require' }))).toEqual(['/s/daemon.sock key', '127.0.0.1:9001 key']);
    expect(tried(plan(running, { serverProof: 'off' }))).toEqual(['/s/daemon.sock open', '127.0.0.1:9001 open']);
  });

  it('MAIN-private-state: a file that others can read proves nothing and is refused with the cure', () => {
    const exposed: DiscoveryRead = { type: 'exposed', message: 'run: chmod 600 /s/daemon.json' };
    expect(tried(plan(exposed))).toBe('run: chmod 600 /s/daemon.json');
    expect(tried(plan(exposed, { serverProof: 'off' }))).toEqual(['127.0.0.1:8765 open']);
  });

  it('WIRE-H17: a listener on all addresses is reached, and described, through loopback', () => {
    const open: DiscoveryFile = { ...running, tcp: { host: '0.0.0.0', port: 9001 } };
    expect(tried(plan(open, { endpoint: 'tcp' }))).toEqual(['127.0.0.1:9001 key']);
    expect(tried(plan(open, { host: '192.168.1.5', port: 9001 }, true))).toEqual(['192.168.1.5:9001 key']);
    const six: DiscoveryFile = { ...running, tcp: { host: '::', port: 9001 } };
    expect(tried(plan(six, { endpoint: 'tcp' }))).toEqual(['[::1]:9001 key']);
  });

  it('PF-R4: only a daemon of this machine can be started here', () => {
    const tcp = (host: string) => isOnThisMachine({ kind: 'tcp', host, port: 1 });
    expect([
      tcp('127.0.0.1'),
      tcp('localhost'),
      tcp('::1'),
      tcp('127.8.9.1'),
      tcp('box.example'),
      tcp('10.0.0.1'),
    ]).toEqual([true, true, true, true, false, false]);
    expect(isOnThisMachine({ kind: 'local', path: '/s' })).toBe(true);
  });
});
