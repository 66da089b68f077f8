import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useDaemon } from './use-daemon.ts';

describe('malformed frames', () => {
  const shared = useDaemon({ testTools: true });

  it('PF-P3: ten thousand malformed frames get ten thousand errors with op and request_id', async () => {
    const client = await shared.session();
    const frames = fc.sample(malformedFrame(), { numRuns: 10_000, seed: 20_261_120 });
    for (const frame of frames) client.send(frame);
    client.send({ op: 'ping', request_id: 'the end' });
    await client.frame({ op: 'pong', request_id: 'the end' }, 30_000);
    const answers = client.frames.slice(1, -1);
    expect(answers).toHaveLength(10_000);
    const bad = answers.filter(
      ({ json }) =>
        typeof json?.['op'] !== 'string' || !('request_id' in json || 'id' in json) || json['error'] === undefined,
    );
    expect(bad.map(({ text: answer }) => answer)).toEqual([]);
  });
});

/** Frames that no version of the protocol takes: wrong JSON, wrong structure, unknown op, field of a wrong type. */
function malformedFrame(): fc.Arbitrary<string> {
  const id = fc.constantFrom<unknown>('r', 7, undefined, null);
  const notAnId = fc.constantFrom<unknown>(true, [], {}, '', 'r'.repeat(200), [1], { id: 1 });
  const op = fc.constantFrom('list_tools', 'call_tool', 'tool_call', 'cancel', 'ping', 'health', 'rotate_token');
  const json = (value: Record<string, unknown>) => JSON.stringify(value);
  return fc.oneof(
    fc
      .tuple(op, fc.integer({ min: 1, max: 12 }))
      .map(([name, cut]) => `{"op":"${name}","request_id":"r"}`.slice(0, -cut)),
    fc.constantFrom(
      '',
      ' ',
      'hi',
      '{',
      '}',
      '[]',
      '[1]',
      '7',
      'null',
      'true',
      '"x"',
      '{"op":',
      '{op:"ping"}',
      "{'op':'ping'}",
      '\u0000',
      '{}{}',
    ),
    fc.tuple(fc.string({ maxLength: 20 }), id).map(([name, request_id]) => json({ op: `x${name}`, request_id })),
    fc
      .tuple(fc.constantFrom<unknown>(5, null, [], {}, undefined, false), id)
      .map(([name, request_id]) => json({ op: name, request_id })),
    fc.tuple(op, notAnId).map(([name, request_id]) => json({ op: name, request_id })),
    fc.tuple(op, notAnId, id).map(([name, wrong, request_id]) => json({ op: name, request_id, id: wrong })),
    fc
      .tuple(fc.constantFrom<unknown>(5, null, [], {}, '', undefined, true), id)
      .map(([name, request_id]) => json({ op: 'call_tool', request_id, name })),
    fc
      .tuple(fc.constantFrom<unknown>(5, 'text', [], true), id)
      .map(([args, request_id]) => json({ op: 'call_tool', request_id, name: 'echo', arguments: args })),
    fc.constantFrom<unknown>([], {}, true, '').map((target) => json({ op: 'cancel', target })),
  );
}
