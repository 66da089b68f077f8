import { expect, it } from 'vitest';
import { exportFileName } from './export-name.ts';

const now = Date.UTC(2026, 10, 26, 14, 31, 59) / 1000;

it('names the range and the session', () => {
  expect(exportFileName({}, 'csv', now)).toBe('exai-calls_start_20261126T1431.csv');
  expect(exportFileName({ from: now - 3600, to: now - 60, session: 'vscode-instance-1#2' }, 'json', now)).toBe(
    'exai-calls_20261126T1331_20261126T1430_vscode-instance-1-2.json',
  );
});

it('keeps letters of paths out of the name', () => {
  expect(exportFileName({ session: '../../etc/pass wd' }, 'csv', now)).toBe(
    'exai-calls_start_20261126T1431_..-..-etc-pass-wd.csv',
  );
});
