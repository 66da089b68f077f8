import { anything, assert, property } from 'fast-check';
import { expect, it } from 'vitest';
import { readParameters } from './parameters.ts';

it('WIRE-M7: reads what is there', () => {
  const parameters = readParameters({
    name: 'chat',
    requestId: 0,
    _meta: { progressToken: 'p' },
    clientInfo: { name: 'kit', version: '2' },
  });
  expect(parameters.text('name')).toBe('chat');
  expect(parameters.requestId()).toBe(0);
  expect(parameters.progressToken()).toBe('p');
  expect(parameters.clientInfo()).toEqual({ name: 'kit', version: '2' });
});

it('BAD-id-type: never throws and never trusts a shape', () => {
  assert(
    property(anything(), anything(), (params, inner) => {
      for (const value of [
        params,
        { name: params, requestId: params, _meta: inner, clientInfo: inner },
        { _meta: { progressToken: params }, clientInfo: { name: params, version: inner } },
      ]) {
        const parameters = readParameters(value);
        expect(['string', 'undefined']).toContain(typeof parameters.text('name'));
        expect(['string', 'number', 'undefined']).toContain(typeof parameters.requestId());
        expect(['string', 'number', 'undefined']).toContain(typeof parameters.progressToken());
        expect(['string', 'undefined']).toContain(typeof parameters.clientInfo()?.name);
      }
    }),
  );
});

it('PF-P9: inherited names are no parameters; long client names are cut', () => {
  expect(readParameters({}).value('constructor')).toBeUndefined();
  expect(readParameters({ clientInfo: { name: 'x'.repeat(500), version: 'y'.repeat(500) } }).clientInfo()).toEqual({
    name: 'x'.repeat(128),
    version: 'y'.repeat(64),
  });
  expect(readParameters({ clientInfo: { name: 'kit', version: 2 } }).clientInfo()).toEqual({
    name: 'kit',
    version: null,
  });
});
