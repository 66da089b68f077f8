import { describe, expect, it } from 'vitest';
import { helloSchema, shimControlSchema } from './hello.ts';

const full = {
  op: 'hello',
  protocol: '1.0',
  mode: 'mcp',
  session_id: 'vscode-instance-1',
  token: 'exi_9fVq',
  jwt: null,
  shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11',
  instance: {
    id: 'inst_01',
    serverId: 'exai-ws-vscode1',
    serverName: 'EXAI-WS-VSCode1',
    configFingerprint: '5be1a0c27d93e410',
  },
  client: {
    name: 'exai-shim',
    version: '1.4.0',
    pid: 5120,
    ppid: 4801,
    cwd: '/home/ana/shop',
    workspace: '/home/ana/shop',
    editor: 'vscode',
  },
  resume: {
    daemonRunId: '01J9',
    pending: [7, 'a-3'],
    protocolVersion: '2025-11-25',
    initialize: { capabilities: {} },
    subscriptions: [],
    logLevel: null,
  },
};

function isAccepted(fields: object): boolean {
  return helloSchema.safeParse({ op: 'hello', ...fields }).success;
}

describe('hello', () => {
  it('WIRE-H8: the sample of the specification is read as it stands', () => {
    expect(helloSchema.parse(full)).toEqual(full);
  });

  it('WIRE-H8: a hello of every older shim is accepted, unknown keys are dropped', () => {
    expect(helloSchema.parse({ op: 'hello' })).toEqual({ op: 'hello' });
    const profileD = {
      op: 'hello',
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'kit', version: '2' },
      token: '',
    };
    expect(helloSchema.parse(profileD)).toEqual({ op: 'hello', clientInfo: { name: 'kit', version: '2' }, token: '' });
  });

  it.each([7, null, '', 'a b', { a: 1 }])('WIRE-H10: session_id %j never refuses', (session_id) => {
    expect(isAccepted({ session_id })).toBe(true);
  });

  it.each([
    ['token', 7],
    ['token', 'x'.repeat(8193)],
    ['jwt', {}],
    ['protocol', '1'],
    ['protocol', 1],
    ['mode', 'mpc'],
    ['shimId', 'not-a-uuid'],
    ['instance', 'x'],
    ['instance', { id: 'x'.repeat(129) }],
    ['instance', { configFingerprint: 'XYZ' }],
    ['client', { name: 5 }],
    ['client', { name: 'x'.repeat(1025) }],
    ['client', { cwd: 'x'.repeat(4097) }],
    ['client', { pid: 1.5 }],
    ['clientInfo', { name: [] }],
    ['resume', { daemonRunId: 'x', pending: [true] }],
    ['resume', { daemonRunId: 'x', pending: Array.from({ length: 257 }, (_, index) => index) }],
  ])('WIRE-H1: %s of the wrong form is refused', (field, value) => {
    expect(isAccepted({ [field]: value })).toBe(false);
  });

  it('WIRE-H8: an editor we do not know is `other`, none is none', () => {
    expect(helloSchema.parse({ op: 'hello', client: { editor: 'ed' } }).client?.editor).toBe('other');
    expect(helloSchema.parse({ op: 'hello', client: { name: 'x' } }).client).toEqual({ name: 'x' });
  });

  it('LIVE-log-source: what it does not know about credential and log counts as not said', () => {
    const client = { credential: 'file', log: 'ws_shim_vscode1.log' };
    expect(helloSchema.parse({ op: 'hello', client }).client).toEqual(client);
    const odd = helloSchema.parse({ op: 'hello', client: { credential: 'keychain', log: '../../etc/passwd' } });
    expect(odd.client).toEqual({});
  });
});

describe('control frames of a shim', () => {
  it.each([
    { op: 'received', ids: [1, 'a'] },
    { op: 'query', request_id: 'q', pending: [0] },
    { op: 'bye' },
    { op: 'log_opened', log: 'ws_shim_vscode1-2.log' },
  ])('WIRE-M6: %j', (frame) => {
    expect(shimControlSchema.parse(frame)).toEqual(frame);
  });

  it.each([
    { op: 'received' },
    { op: 'received', ids: [null] },
    { op: 'query', pending: [] },
    { op: 'dance' },
    {},
    { op: 'log_opened', log: 'ws_shim_/../x.log' },
  ])('WIRE-M6: %j is none', (frame) => {
    expect(shimControlSchema.safeParse(frame).success).toBe(false);
  });
});
