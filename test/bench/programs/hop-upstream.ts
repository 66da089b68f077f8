import { LineCutter } from '../../support/lines.ts';

/**
 * Third hop of `floor`: answers each line without reading more of it than its id. The answer has a fixed size, or for a
 * call of `echo` that of the request.
 */
const fixedBytes = Number(process.env['BENCH_ANSWER_BYTES'] ?? '400');
const cutter = new LineCutter();
const tails = new Map<number, Buffer>();

process.stdin.on('data', (chunk: Buffer) => {
  for (const line of cutter.push(chunk)) {
    const head = line.toString('latin1', 0, 160);
    const id = /"id":(\d+)/.exec(head)?.[1];
    if (id === undefined) continue;
    const start = Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
    const size = head.includes('"echo"') ? line.length : fixedBytes;
    const answer = Buffer.concat([start, tailOf(Math.max(8, size - start.length))]);
    process.stdout.write(answer);
  }
});

function tailOf(bytes: number): Buffer {
  const kept = tails.get(bytes);
  if (kept !== undefined) return kept;
  const end = '"}]}}\n';
  const made = Buffer.from('x'.repeat(bytes - end.length) + end);
  tails.set(bytes, made);
  return made;
}
