import { expect, it } from 'vitest';
import { readUpgradeHead } from './upgrade-head.ts';

const head =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: exai-link/1\r\nX-Exai-Run:  01J9 \r\nx-exai-run: other\r\n\r\n';

it('WIRE-H17: the head is read however it is cut, and what follows is kept', () => {
  const bytes = Buffer.from(`${head}rest`);
  for (let end = 0; end < head.length; end++) expect(readUpgradeHead(bytes.subarray(0, end))).toEqual({ type: 'more' });
  expect(readUpgradeHead(bytes)).toEqual({
    type: 'head',
    head: {
      statusCode: 101,
      statusText: 'Switching Protocols',
      headers: new Map([
        ['upgrade', 'exai-link/1'],
        ['x-exai-run', '01J9'],
      ]),
    },
    rest: Buffer.from('rest'),
  });
});

it.each([
  ['SSH-2.0-OpenSSH\r\n\r\n'],
  ['HTTP/2 101 x\r\n\r\n'],
  ['HTTP/1.1 101 x\r\nno colon\r\n\r\n'],
  ['\r\n\r\n'],
  ['x'.repeat(17 * 1024)],
  [`HTTP/1.1 101 x\r\na: ${'x'.repeat(17 * 1024)}\r\n\r\n`],
])('WIRE-H17: another program that answers is told apart', (text) => {
  expect(readUpgradeHead(Buffer.from(text))).toEqual({ type: 'malformed' });
});

it('WIRE-H17: a refusal keeps its status', () => {
  expect(readUpgradeHead(Buffer.from('HTTP/1.1 503\r\n\r\n'))).toMatchObject({
    head: { statusCode: 503, statusText: '' },
  });
});
