import { expect, it } from 'vitest';
import { isAtLevel, parseLogLine } from './log-line.ts';

it('takes a line of ours apart', () => {
  const line = '{"t":1790000000.25,"level":"warn","msg":"slow <b>disk</b>","ms":7,"who":{"id":"a"}}';
  expect(parseLogLine(line)).toEqual({
    t: '2026-09-21T14:13:20.250Z',
    level: 'warn',
    msg: 'slow <b>disk</b>',
    fields: '{"ms":7,"who":{"id":"a"}}',
  });
  expect(parseLogLine('{"t":1,"level":"info","msg":""}')).toMatchObject({ msg: '', fields: '' });
});

it.each(['plain text', '{"level":"info"}', '{"msg":7}', '[1]', '{"msg":"cut', 'null', ''])(
  'takes %j as it is, at every level',
  (text) => {
    expect(parseLogLine(text)).toEqual({ t: null, level: null, msg: text, fields: '' });
    expect(isAtLevel(parseLogLine(text), 'error')).toBe(true);
  },
);

it('takes odd values for none', () => {
  expect(parseLogLine('{"t":"now","level":"loud","msg":"m","__proto__":1}')).toMatchObject({ t: null, level: null });
  expect(parseLogLine('{"t":1e300,"level":"info","msg":"m"}').t).toBeNull();
});

it('keeps the fields short', () => {
  const { fields } = parseLogLine(JSON.stringify({ msg: 'm', long: 'x'.repeat(5000) }));
  expect([fields.length, fields.at(-1)]).toEqual([2000, '…']);
});

it('orders the levels', () => {
  const line = parseLogLine('{"t":1,"level":"info","msg":"m"}');
  expect((['debug', 'info', 'warn', 'error'] as const).map((level) => isAtLevel(line, level))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
