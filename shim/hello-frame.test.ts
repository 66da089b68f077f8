import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { helloSchema } from '../protocol/hello.ts';
import { limits } from '../protocol/limits.ts';
import { buildHello, type HelloResume } from './hello-frame.ts';
import type { ShimIdentity } from './identity.ts';

const identity: ShimIdentity = {
  shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11',
  sessionId: 'vscode-instance-1',
  instance: { id: 'inst_01', serverId: 'exai-1', serverName: 'EXAI-1', configFingerprint: '5be1a0c27d93e410' },
  client: { name: 'exai-shim', version: '1.0.0', pid: 1, ppid: 2, cwd: '/w', workspace: '/w', editor: 'other' },
};
const credentials = { token: 'exi_token', jwt: undefined, problem: undefined, source: 'file' } as const;
const resume: HelloResume = {
  daemonRunId: '01J9',
  pending: [7, 'a-3'],
  protocolVersion: '2025-11-25',
  initialize: { capabilities: {}, clientInfo: { name: 'c', version: '1' } },
  subscriptions: ['file:///a'],
  logLevel: null,
};

describe('the hello frame', () => {
  it('WIRE-H8: says who the window is, and what it continues', () => {
    const frame = buildHello(identity, credentials, resume, 'Visual Studio Code');
    expect(JSON.parse(frame.text)).toEqual({
      op: 'hello',
      protocol: '1.0',
      mode: 'mcp',
      session_id: 'vscode-instance-1',
      token: 'exi_token',
      jwt: null,
      shimId: identity.shimId,
      instance: identity.instance,
      client: { ...identity.client, editor: 'vscode', credential: 'file' },
      resume,
    });
    expect(frame).toMatchObject({ resume, dropped: [] });
  });

  it('WIRE-H8: a first hello continues nothing', () => {
    const { text } = buildHello({ ...identity, sessionId: undefined }, credentials, undefined, '');
    expect(JSON.parse(text)).not.toHaveProperty('resume');
    expect(JSON.parse(text)).not.toHaveProperty('session_id');
  });

  it('WIRE-H6: subscriptions go first where it would be too long', () => {
    const subscriptions = Array.from({ length: 2_000 }, (_, at) => `file:///some/long/path/${at}/of/a/resource`);
    const frame = buildHello(identity, credentials, { ...resume, subscriptions }, '');
    expect(frame.resume).toEqual({ ...resume, subscriptions: [] });
    expect(frame.dropped).toEqual([]);
  });

  it('WIRE-H6: then the icons of the client', () => {
    const initialize = {
      protocolVersion: '2025-11-25',
      capabilities: { roots: {} },
      clientInfo: { name: 'c', version: '1', icons: ['x'.repeat(70_000)] },
    };
    const frame = buildHello(identity, credentials, { ...resume, initialize }, '');
    expect(frame.resume?.initialize).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
    });
  });

  it('WIRE-H6: then the newest requests, which are named so that they can be answered', () => {
    const pending = Array.from({ length: 256 }, (_, at) => `${at}-${'é'.repeat(400)}`);
    const frame = buildHello(identity, credentials, { ...resume, pending }, '');
    expect(frame.resume?.pending).toEqual(pending.slice(0, 64));
    expect(frame.dropped).toEqual(pending.slice(64));
  });

  it('WIRE-H6: whatever there is to say, the frame is short enough and the daemon reads it', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 });
    const anything = fc.record({
      daemonRunId: fc.constant('01J9'),
      pending: fc.array(fc.oneof(fc.integer(), text), { maxLength: 256, size: 'max' }),
      protocolVersion: fc.constantFrom(null, '2025-11-25'),
      initialize: fc.constantFrom(
        null,
        { clientInfo: { name: 'x'.repeat(70_000) } },
        { capabilities: 'odd', clientInfo: 7 },
      ),
      subscriptions: fc.array(text, { maxLength: 100 }),
      logLevel: fc.constantFrom(null, 'debug'),
    });
    fc.assert(
      fc.property(anything, (wanted) => {
        const frame = buildHello(identity, credentials, wanted, 'c');
        expect(Buffer.byteLength(frame.text)).toBeLessThanOrEqual(limits.helloMaxBytes);
        expect(helloSchema.safeParse(JSON.parse(frame.text)).success).toBe(true);
        const named = new Set([...(frame.resume?.pending ?? []), ...frame.dropped]);
        for (const id of wanted.pending) expect(named.has(id)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
