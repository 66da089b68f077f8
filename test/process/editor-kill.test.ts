import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createEditorFiles } from '../../daemon/editors/editor-files.ts';
import { sampleSpec } from '../../daemon/editors/testing/specs.ts';

const kills = 20;

it('EDIT-killed: killed at any step, the file is one of its two versions, and the next edit takes the lock over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exai-kill-'));
  try {
    const path = join(folder, 'mcp.json');
    const before = '{\n  // mine\n  "servers": {\n    "a": { "command": "x" }\n  }\n}\n';
    writeFileSync(path, before);
    const stateDir = join(folder, 'state');
    const files = createEditorFiles({ stateDir });
    const target = {
      editor: 'vscode',
      place: 'user',
      path,
      grammar: 'jsonc',
      root: ['servers'],
      holder: 'map',
      form: 'typed',
    } as const;
    const plan = files.plan({ target, change: 'add', spec: sampleSpec() });
    if (plan.type === 'refused') throw new Error(plan.message);
    const versions = [before, plan.newText];
    for (let round = 0; round < kills; round += 1) {
      const child = spawn(process.execPath, [join(import.meta.dirname, '../support/toggle-entry.ts'), stateDir, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await sleep((round * 7) % 40);
      expect(child.exitCode).toBeNull();
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(versions).toContain(readFileSync(path, 'utf8'));
    }
    if (readFileSync(path, 'utf8') !== before) writeFileSync(path, before);
    expect(await files.apply(plan)).toMatchObject({ type: 'applied' });
    expect(readFileSync(path, 'utf8')).toBe(plan.newText);
    expect(readdirSync(folder).toSorted()).toEqual(['mcp.json', 'state']);
    expect(
      readdirSync(join(stateDir, 'editor-backups')).filter((name) => name.endsWith('.json')).length,
    ).toBeLessThanOrEqual(50);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
