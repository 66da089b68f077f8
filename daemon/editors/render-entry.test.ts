import { parse as parseToml } from 'smol-toml';
import { expect, it } from 'vitest';
import { editors } from './catalogue.ts';
import type { Machine, WayIn } from './editor.ts';
import { renderEntry } from './render-entry.ts';
import { targetOf } from './targets.ts';
import { sampleSpec } from './testing/specs.ts';

const linux: Machine = { platform: 'linux', home: '/home/ana', env: {}, exists: () => false, list: () => [] };
const windows: Machine = {
  platform: 'win32',
  home: 'C:\\Users\\Ana',
  env: { APPDATA: 'C:\\Users\\Ana\\AppData\\Roaming' },
  exists: () => false,
  list: (path) => (path.endsWith('Packages') ? ['Claude_x1', 'Other'] : []),
};

it('EDIT-catalogue: files lie where each client looks for them on each system', () => {
  expect(targetOf(linux, 'vscode', 'user')?.path).toBe('/home/ana/.config/Code/User/mcp.json');
  expect(targetOf(windows, 'vscode-insiders', 'user')?.path).toBe(
    'C:\\Users\\Ana\\AppData\\Roaming\\Code - Insiders\\User\\mcp.json',
  );
  expect(targetOf(windows, 'claude-desktop', 'user')?.path).toBe(
    'C:\\Users\\Ana\\AppData\\Local\\Packages\\Claude_x1\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json',
  );
  expect(targetOf(linux, 'claude-desktop', 'user')).toBeUndefined();
  expect(targetOf(linux, 'vscode', 'project')).toBeUndefined();
  expect(targetOf({ ...linux, env: { CODEX_HOME: '/c' } }, 'codex', 'user')?.path).toBe('/c/config.toml');
});

it('EDIT-catalogue: each client’s entry of each way in can be read, and holds no token', () => {
  for (const { id, waysIn } of editors) {
    const target = targetOf(id === 'claude-desktop' || id === 'visual-studio' ? windows : linux, id, 'user');
    if (target === undefined) throw new Error(id);
    for (const wayIn of ['stdio', 'http', 'local', 'ws'] satisfies WayIn[]) {
      const rendered = renderEntry(target, sampleSpec(), wayIn, 'linux');
      expect(rendered !== undefined).toBe(waysIn.includes(wayIn));
      if (rendered === undefined) continue;
      const value: unknown = target.grammar === 'toml' ? parseToml(rendered.text) : JSON.parse(rendered.text);
      expect(JSON.stringify(value)).toContain('inst_7f3kq3');
      expect(rendered.text).not.toMatch(/exi_/);
    }
  }
});
