import { array, assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowMaker } from '../testing/history-rows.ts';
import { exportFileName, exportFormat } from './history-export.ts';

const row = rowMaker('0199aa-run');

describe('CSV', () => {
  const csv = exportFormat('csv', { arguments: false });

  it('HIST-csv: columns and values are pinned', () => {
    const text =
      csv.head +
      csv.chunk([row({ id: '01a0', callId: 'c_7', durationMs: 0.1 + 0.2, startedAt: 1_790_000_000.5 })], true);
    expect(text).toBe(
      'id,call_id,started_at,session_id,instance_id,tool,upstream,provider,model,queued_ms,duration_ms,outcome,error_code,request_bytes,response_bytes,daemon_run_id\r\n' +
        '01a0,c_7,2026-09-21T14:13:20.500Z,vscode-instance-1,inst_abc123,version,,,,0,0.3,ok,,120,340,0199aa-run\r\n',
    );
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['=a,"b"\n', `"'=a,""b""\n"`],
    ['a=b', 'a=b'],
    [' =1', ' =1'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['a,b', '"a,b"'],
  ])('HIST-csv: the cell %j is written as %j', (tool, cell) => {
    expect(csv.chunk([row({ tool, sessionId: 'before', provider: 'AFTER' })], true)).toContain(`,${cell},,AFTER,`);
  });

  it('HIST-csv: whatever a cell holds, the reader gets it back, and never a formula', () => {
    assert(
      property(array(string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }), (tools) => {
        const records = parseCsv(
          csv.head +
            csv.chunk(
              tools.map((tool) => row({ tool })),
              true,
            ),
        );
        const cells = records.slice(1).map((record) => record[5] ?? '');
        expect(cells.map((cell) => cell.replace(/^'(?=[=+\-@\t\r])/, ''))).toEqual(tools);
        expect(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
      }),
    );
  });

  it('HIST-arguments: the column of arguments is there only when asked for', () => {
    const asked = exportFormat('csv', { arguments: true });
    const preview = row({ argumentsPreview: '{"a":"=1"}' });
    expect(csv.head).not.toContain('arguments');
    expect(csv.chunk([preview], true)).not.toContain('=1');
    expect(asked.head).toMatch(/,daemon_run_id,arguments_preview\r\n$/);
    expect(asked.chunk([preview], true)).toMatch(/,"\{""a"":""=1""\}"\r\n$/);
  });
});

describe('JSON', () => {
  it.each([0, 1, 3])('HIST-export: %i rows in chunks of one are an array of the same names', (count) => {
    const json = exportFormat('json', { arguments: false });
    const rows = Array.from({ length: count }, () => row({ tool: '=not a cell' }));
    const text = json.head + rows.map((one, index) => json.chunk([one], index === 0)).join('') + json.tail;
    const parsed: unknown = JSON.parse(text);
    expect(parsed).toHaveLength(count);
    for (const one of Array.isArray(parsed) ? parsed : []) {
      expect(one).toMatchObject({ tool: '=not a cell', started_at: expect.stringMatching(/Z$/), upstream: null });
    }
  });
});

describe('the name of the file', () => {
  const now = 1_790_000_000;

  it.each([
    [{ format: 'csv' } as const, 'exai-calls_start_20260921T141320Z.csv'],
    [
      { format: 'json', from: 1_789_999_000, to: 1_789_999_900 } as const,
      'exai-calls_20260921T135640Z_20260921T141140Z.json',
    ],
    [
      { format: 'csv', session: 'vscode-instance-1#2' } as const,
      'exai-calls_start_20260921T141320Z_vscode-instance-1-2.csv',
    ],
    [
      { format: 'csv', session: '../../"x"\r\nSet-Cookie: a' } as const,
      'exai-calls_start_20260921T141320Z_-x-Set-Cookie-a.csv',
    ],
    [
      { format: 'csv', from: 1e300, to: 1e300, session: '…' } as const,
      'exai-calls_20260921T141320Z_20260921T141320Z_-.csv',
    ],
  ])('HIST-export: of %j is %s', (name, expected) => {
    expect(exportFileName({ ...name, now })).toBe(expected);
  });
});

/** A small reader of RFC 4180, to read back what was written. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      at += 1;
      for (; text[at] !== '"' || text[at + 1] === '"'; at += text[at] === '"' ? 2 : 1) cell += text[at];
      at += 1;
    } else {
      for (; text[at] !== ',' && !text.startsWith('\r\n', at); at += 1) cell += text[at];
    }
    record.push(cell);
    if (text[at] === ',') at += 1;
    else {
      records.push(record);
      record = [];
      at += 2;
    }
  }
  return records;
}
