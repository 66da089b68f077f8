import { expect, it } from 'vitest';
import type { PendingRequest } from './pending-requests.ts';
import { findProgressOwner } from './progress-owner.ts';

const request = (id: string | number, text: string): PendingRequest => ({
  id,
  method: 'tools/call',
  bytes: Buffer.from(text),
  state: 'sent',
  isAnswered: false,
  lastNewsAt: 0,
  deadlineAt: undefined,
});

it('WIRE-M6: the owner of a token is the request with that id, or the one that carries it', () => {
  const requests = [
    request(1, '{"params":{"_meta":{"progressToken":12}}}'),
    request(12, '{"params":{}}'),
    request('a', '{"params":{"_meta":{ "progressToken" : "tok\\u00e9" }, "progressToken":7 }}'),
    request('b', '{"params":{"_meta":{"progressToken":123,"x":1}}}'),
    request('c', '{"params":{"_meta":{"progressToken":"quo\\"te"}}}'),
  ];
  const owner = (token: unknown) => findProgressOwner(token, requests)?.id;
  expect([owner(12), owner(123), owner(7), owner('quo"te'), owner('a')]).toEqual([12, 'b', 'a', 'c', 'a']);
  expect([owner(1234), owner('12'), owner(undefined), owner({}), owner('none')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
