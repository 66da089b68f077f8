import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openExclusiveLog, shimLogId } from './exclusive-log.ts';

describe('shimLogId', () => {
  it.each([
    [{ logPrefix: 'work', sessionId: 'win-1' }, 'work'],
    [{ logPrefix: '', sessionId: 'win-1' }, 'win-1'],
    [{ logPrefix: undefined, sessionId: 'vscode-instance-2' }, 'vscode2'],
    [{ logPrefix: undefined, sessionId: 'vscode-instance-12' }, 'vscode12'],
    [{ logPrefix: undefined, sessionId: 'vscode-instance-x' }, 'vscode-instance-x'],
    [{ logPrefix: 'vscode-instance-2', sessionId: undefined }, 'vscode-instance-2'],
    [{ logPrefix: undefined, sessionId: undefined }, 'pid4242'],
    [{ logPrefix: undefined, sessionId: '' }, 'pid4242'],
    [{ logPrefix: '../a b/ü🚀', sessionId: undefined }, '___a_b___'],
    [{ logPrefix: 'x'.repeat(80), sessionId: undefined }, 'x'.repeat(64)],
  ])('PF-L1 WIRE-F5: of %j it is %s', (name, expected) => {
    expect(shimLogId({ ...name, pid: 4242 })).toBe(expected);
  });
});

describe('openExclusiveLog', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'exai-log-'));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  function open(id = 'win', inDir = dir) {
    return openExclusiveLog({ dir: inDir, id, maxBytes: 100, files: 1 });
  }

  it('PF-L1 WIRE-F5 MAIN-same-env: each holder of one name writes its own file, and a freed one is used again', () => {
    const logs = [open(), open(), open(), open('other')];
    expect(logs.map((log) => basename(log.path))).toEqual([
      'ws_shim_win.log',
      'ws_shim_win-2.log',
      'ws_shim_win-3.log',
      'ws_shim_other.log',
    ]);
    for (const [index, log] of logs.entries()) log.file.append(`line ${index}`);
    expect(logs.map((log) => readFileSync(log.path, 'utf8'))).toEqual(['line 0\n', 'line 1\n', 'line 2\n', 'line 3\n']);
    expect(logs.map((log) => log.problem)).toEqual([undefined, undefined, undefined, undefined]);
    logs[1]?.release();
    logs[1]?.release();
    const again = open();
    expect(basename(again.path)).toBe('ws_shim_win-2.log');
    again.file.append('line 4');
    expect(readFileSync(again.path, 'utf8')).toBe('line 1\nline 4\n');
    for (const log of [...logs, again]) log.release();
    expect(readdirSync(dir).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('PF-L1: is held against another process as long as that lives, by ws_shim_<id>.log.lock', async () => {
    const script = `import { openExclusiveLog } from ${JSON.stringify(join(import.meta.dirname, 'exclusive-log.ts'))};
      console.log(openExclusiveLog({ dir: ${JSON.stringify(dir)}, id: 'win', maxBytes: 100, files: 1 }).path);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    try {
      expect(String(await once(child.stdout, 'data')).trim()).toBe(join(dir, 'ws_shim_win.log'));
      expect(readdirSync(dir)).toEqual(['ws_shim_win.log.lock']);
      const second = open();
      expect(basename(second.path)).toBe('ws_shim_win-2.log');
      second.release();
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    const after = open();
    expect(basename(after.path)).toBe('ws_shim_win.log');
    after.release();
  });

  it('PF-H3 BAD-read-only-home: an unusable directory is told, costs the lines and nothing else', () => {
    writeFileSync(join(dir, 'file'), '');
    const log = open('win', join(dir, 'file'));
    expect(log.problem?.message).toContain(join(dir, 'file'));
    expect(basename(log.path)).toBe(`ws_shim_win-pid${process.pid}.log`);
    expect([log.file.append('x'), log.file.droppedLines]).toEqual([false, 1]);
    log.release();
  });
});
