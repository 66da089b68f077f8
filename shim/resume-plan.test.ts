import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { requestIdKey } from '../protocol/ids.ts';
import { type OpenRequest, planResume } from './resume-plan.ts';

const call = (id: string | number): OpenRequest => ({ id, method: 'tools/call' });
const list = (id: string | number): OpenRequest => ({ id, method: 'tools/list' });

it('WIRE-M2 WIRE-M3: lost requests are sent again, unknown calls are answered, everything else waits', () => {
  const open = [call(1), list(2), call('1'), call(3), list(4), call(5)];
  const plan = planResume(open, { lost: ['1', 4], unknown: [3, 2, 99] });
  expect(plan.resend.map(({ id }) => id)).toEqual([2, '1', 4]);
  expect(plan.mayHaveRun.map(({ id }) => id)).toEqual([3]);
});

it('WIRE-M3: an id that is named as lost and as unknown counts as unknown: better asked than run twice', () => {
  const plan = planResume([call(1), list(2)], { lost: [1, 2], unknown: [1, 2] });
  expect(plan).toEqual({ resend: [list(2)], mayHaveRun: [call(1)] });
});

it('WIRE-M2: whatever the daemon says, no call is both sent again and answered, and the order stays', () => {
  const id = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom('0', '1', '2'));
  const open = fc.uniqueArray(fc.record({ id, method: fc.constantFrom('tools/call', 'tools/list') }), {
    selector: (request) => requestIdKey(request.id),
  });
  fc.assert(
    fc.property(open, fc.array(id), fc.array(id), (requests, lost, unknown) => {
      const { resend, mayHaveRun } = planResume(requests, { lost, unknown });
      expect(resend.filter((request) => mayHaveRun.includes(request))).toEqual([]);
      expect(requests.filter((request) => resend.includes(request))).toEqual(resend);
      const isUnknown = (request: OpenRequest) => unknown.some((one) => requestIdKey(one) === requestIdKey(request.id));
      for (const request of resend) if (request.method === 'tools/call') expect(isUnknown(request)).toBe(false);
    }),
  );
});
