import { anything, array, assert, constantFrom, double, jsonValue, oneof, property, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shimControlSchema } from '../../protocol/hello.ts';
import { parseShimControl } from './shim-control.ts';

const id = oneof(string(), double(), constantFrom(0, -0, 1, '1', '', null, true, {}));
const control = oneof(
  record({ op: constantFrom('received', 'query', 'bye', 'x'), ids: oneof(array(id), jsonValue()) }),
  record({ op: constantFrom('query', 'received'), request_id: id, pending: array(id) }),
  anything(),
);

describe('parseShimControl', () => {
  it('WIRE-M1: says of every text what the schema says', () => {
    assert(
      property(control, (value) => {
        let text: string | undefined;
        try {
          text = JSON.stringify(value);
        } catch {
          // not JSON, so no frame can hold it
        }
        if (text === undefined) return;
        expect(parseShimControl(Buffer.from(text))).toEqual(shimControlSchema.safeParse(JSON.parse(text)).data);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['', '{', '[]', 'null', '{"op":"received"}', '{"op":"received","ids":[1e999]}', '{"op":"nap"}'])(
    'BAD-not-json: %s is no control frame',
    (text) => {
      expect(parseShimControl(Buffer.from(text))).toBeUndefined();
    },
  );

  it('keeps the ids as they came', () => {
    expect(parseShimControl(Buffer.from('{"op":"received","ids":[1,"1",2.5]}'))).toEqual({
      op: 'received',
      ids: [1, '1', 2.5],
    });
  });
});
