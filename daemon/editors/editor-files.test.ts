import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { parse as parseJsonc } from 'jsonc-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EditorFiles, EditorId, EditPlan, PlaceKind, PlanResult, Target } from './editor.ts';
import { createEditorFiles } from './editor-files.ts';
import { planEdit } from './plan-edit.ts';
import { sampleSpec } from './testing/specs.ts';

let home: string;
let files: EditorFiles;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'exai-editors-'));
  const machine = { platform: 'linux', home, env: {}, exists: existsSync, list: () => [] } as const;
  files = createEditorFiles({ stateDir: join(home, 'state'), machine });
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

function targetFor(editor: EditorId, place: PlaceKind = 'user'): Target {
  const folder = join(home, 'shop');
  const target = files.target(editor, place, { folder, workspaceFile: join(home, 'a.code-workspace') });
  if (target === undefined) throw new Error('no such place');
  return target;
}

function put(target: Target, text: string): void {
  mkdirSync(dirname(target.path), { recursive: true });
  writeFileSync(target.path, text);
}

function planned(result: PlanResult): EditPlan {
  if (result.type === 'refused') throw new Error(`${result.code} ${result.message}`);
  return result;
}

async function applied(plan: EditPlan) {
  const result = await files.apply(plan);
  if (result.type === 'refused') throw new Error(result.message);
  return result;
}

const renamed = sampleSpec(3, { serverName: 'EXAI-WS-Shop', sessionId: 'shop', serverId: 'shop', logPrefix: 'shop' });

const fixtures: readonly [EditorId, PlaceKind, string][] = [
  [
    'vscode',
    'user',
    '{\r\n\t// my servers\r\n\t"servers": {\r\n\t\t"github": { "url": "https://x.test/" }, // hosted\r\n\t},\r\n\t"inputs": [],\r\n}\r\n',
  ],
  ['vscode', 'project', '\uFEFF{ "servers": {} }'],
  ['vscode-insiders', 'user', '{\n  "servers": {\n    "a": {"command": "x"} /* last */\n    // none below\n  }\n}'],
  ['vscodium', 'user', ''],
  [
    'vscode',
    'workspace-file',
    '{\n\t"folders": [{ "path": "." }],\n\t"settings": { "editor.tabSize": 2 } // mine\n}\n',
  ],
  ['augment-vscode', 'user', '[\n  { "name": "other", "command": "x" }\n]\n'],
  ['augment-vscode', 'user', '[]'],
  ['auggie', 'user', '{\n  "model": "m", // kept\n}\n'],
  ['claude-code', 'user', '{\n  "numStartups": 5,\n  "projects": { "/w": { "history": [] } }\n}'],
  ['claude-code', 'project-local', '{"numStartups":5,"projects":{}}'],
  [
    'claude-code',
    'shared-project',
    '{\n    "mcpServers": {\n        "db": { "command": "pg", "args": ["-x"] }\n    }\n}\n',
  ],
  ['cursor', 'user', '{"mcpServers":{"a":{"command":"x"}}}'],
  ['windsurf', 'user', '{\n  "mcpServers": {\n  }\n}\n'],
  [
    'gemini-cli',
    'user',
    '// settings\n{\n  "theme": "dark",\n  "mcpServers": {\n    "x": { "httpUrl": "http://y" },\n  },\n}\n',
  ],
  [
    'zed',
    'user',
    '// Zed settings\n{\n  "theme": "One",\n  "context_servers": {}, // none yet\n  "vim_mode": true,\n}\n',
  ],
  ['cline', 'user', '{\n  "mcpServers": {}\n}'],
  [
    'opencode',
    'user',
    '{\n  "$schema": "https://opencode.ai/config.json",\n  "mcp": {\n    "a": { "type": "local", "command": ["x"] }\n  }\n}\n',
  ],
  ['opencode', 'project', '{ "mcp": { "servers": { "a": { "type": "local", "command": ["x"] } } } }'],
  ['qwen', 'project', '{}\n'],
  ['copilot-cli', 'user', '{ }\n'],
  ['codex', 'user', 'model = "m" # kept\r\n\r\n[mcp_servers.db]\r\ncommand = "pg"\r\nenv = { A = "1" }\r\n'],
  ['codex', 'project', '[mcp_servers.db.env]\nA = "1"\n# the end'],
  ['junie', 'user', '{\n\n}\n'],
];

describe('the files of clients', () => {
  it.each(fixtures)(
    'EDIT-bytes-kept: %s %s comes back byte for byte from add, rename, remove, and from each undo',
    async (editor, place, text) => {
      const target = targetFor(editor, place);
      put(target, text);
      const add = await applied(planned(files.plan({ target, change: 'add', spec: sampleSpec() })));
      const afterAdd = readFileSync(target.path, 'utf8');
      expect(files.findOurEntries(target, [sampleSpec()])).toMatchObject({ entries: [{ state: 'equal' }] });
      const rename = await applied(planned(files.plan({ target, change: 'rename', spec: renamed })));
      expect(files.findOurEntries(target, [renamed])).toMatchObject({
        entries: [{ serverName: 'EXAI-WS-Shop', state: 'equal' }],
      });
      const { footprint } = add;
      const remove = await applied(planned(files.plan({ target, change: 'remove', spec: renamed, footprint })));
      expect(readFileSync(target.path, 'utf8')).toBe(text);
      for (const { backupId = '' } of [remove, rename])
        expect(await files.undo(backupId)).toMatchObject({ type: 'undone' });
      expect(readFileSync(target.path, 'utf8')).toBe(afterAdd);
      expect(await files.undo(add.backupId ?? '')).toMatchObject({ type: 'undone' });
      expect(readFileSync(target.path, 'utf8')).toBe(text);
    },
  );

  it('EDIT-bytes-kept: a file and folders that were not there are gone after a remove', async () => {
    const target = targetFor('vscode', 'project');
    const spec = sampleSpec();
    const { footprint } = await applied(planned(files.plan({ target, change: 'add', spec })));
    expect(JSON.parse(readFileSync(target.path, 'utf8'))).toHaveProperty(['servers', spec.serverName]);
    await applied(planned(files.plan({ target, change: 'remove', spec, footprint })));
    expect(existsSync(join(home, 'shop'))).toBe(false);
  });

  it('EDIT-malformed: nothing is written, line and column are told; a strict client gets no comment', () => {
    const target = targetFor('claude-code');
    for (const [text, line, column] of [
      ['{\n  // note\n}', 2, 3],
      ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ] as const) {
      put(target, text);
      expect(files.plan({ target, change: 'add', spec: sampleSpec() })).toMatchObject({
        code: 'CONFIG_UNREADABLE',
        at: { line, column },
      });
      expect(readFileSync(target.path, 'utf8')).toBe(text);
    }
  });

  it('EDIT-compare-and-swap: a file that was saved after the preview, or after the edit, is left alone', async () => {
    const target = targetFor('cursor');
    put(target, '{}');
    const plan = planned(files.plan({ target, change: 'add', spec: sampleSpec() }));
    put(target, '{ "mine": 1 }');
    expect(await files.apply(plan)).toMatchObject({ code: 'CONFIG_CHANGED' });
    const { backupId = '' } = await applied(planned(files.plan({ target, change: 'add', spec: sampleSpec() })));
    put(target, '{ "mine": 2 }');
    expect(await files.undo(backupId)).toMatchObject({ code: 'CONFIG_CHANGED' });
    expect(readFileSync(target.path, 'utf8')).toBe('{ "mine": 2 }');
  });

  it('EDIT-obstacles: a link stays and its target is written with its mode; read-only, folders and huge files are refused', async () => {
    const target = targetFor('gemini-cli');
    const real = join(home, 'dotfiles.json');
    writeFileSync(real, '{}', { mode: 0o640 });
    mkdirSync(dirname(target.path));
    symlinkSync(real, target.path);
    await applied(planned(files.plan({ target, change: 'add', spec: sampleSpec() })));
    expect(lstatSync(target.path).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('inst_7f3kq3');
    expect(statSync(real).mode & 0o777).toBe(0o640);
    chmodSync(real, 0o444);
    expect(files.plan({ target, change: 'remove', spec: sampleSpec() })).toMatchObject({ code: 'CONFIG_READ_ONLY' });
    const huge = targetFor('cursor');
    put(huge, ' '.repeat(4 * 1024 * 1024 + 1));
    expect(files.plan({ target: huge, change: 'add', spec: sampleSpec() })).toMatchObject({ reason: 'tooLarge' });
    rmSync(huge.path);
    mkdirSync(huge.path);
    expect(files.plan({ target: huge, change: 'add', spec: sampleSpec() })).toMatchObject({ reason: 'notAFile' });
  });

  it('EDIT-names: a name, session id or server id that the file has already is refused with a free one; a foreign program is not touched', () => {
    const target = targetFor('cursor');
    put(target, '{"mcpServers":{"exai-ws-vscode3":{"command":"x"}}}');
    expect(files.plan({ target, change: 'add', spec: sampleSpec() })).toMatchObject({
      code: 'NAME_TAKEN',
      suggestion: 'EXAI-WS-VSCode2',
    });
    put(target, '{"mcpServers":{"b":{"command":"x","env":{"EXAI_SESSION_ID":"vscode-instance-3"}}}}');
    expect(files.plan({ target, change: 'add', spec: sampleSpec() })).toMatchObject({
      code: 'NAME_TAKEN',
      field: 'sessionId',
    });
    put(target, '{"mcpServers":{"b":{"command":"x","env":{"EXAI_INSTANCE_ID":"inst_7f3kq3"}}}}');
    expect(files.plan({ target, change: 'remove', spec: sampleSpec() })).toMatchObject({ reason: 'foreignCommand' });
  });

  it('EDIT-any-jsonc: random files survive an edit byte for byte, and VS Code’s own reader finds the entry in between', () => {
    const target: Target = { ...targetFor('vscode'), path: '/m.json' };
    const gap = fc.constantFrom('', ' ', '\n', '\r\n  ', '\t', ' // c\n', '/* é { */');
    const member = fc.tuple(
      fc.constantFrom('a', 'b', 'servers2', 'x"y'),
      fc.constantFrom('1', 'null', '[1, 2]', '{ "q": "}" }'),
      gap,
      gap,
    );
    const object = fc
      .tuple(fc.uniqueArray(member, { selector: ([key]) => key, maxLength: 3 }), gap, fc.boolean())
      .map(([members, end, trailing]) => {
        const parts = members.map(([key, value, before, after]) => `${before}${JSON.stringify(key)}:${value}${after}`);
        return `{${parts.join(',')}${trailing && parts.length > 0 ? ',' : ''}${end}}`;
      });
    const file = fc
      .tuple(object, object, fc.constantFrom(0, 1, 2), fc.constantFrom('', '\uFEFF'), gap)
      .map(([outer, inner, kind, mark, end]) => {
        const text =
          kind === 0
            ? outer
            : kind === 1
              ? `{"servers" : ${inner}}`
              : outer.replace('{', `{"servers":${inner}${outer.includes(':') ? ',' : '\n'}`);
        return `${mark}${text}${end}`;
      });
    fc.assert(
      fc.property(file, (text) => {
        const request = { target, spec: sampleSpec() };
        const at = (now: string) => ({ path: target.path, bytes: Buffer.from(now) });
        const add = planned(planEdit({ ...request, change: 'add' }, at(text), 'linux'));
        const value: unknown = parseJsonc((add.newText ?? '').replace('\uFEFF', ''), [], { allowTrailingComma: true });
        expect(value).toHaveProperty(['servers', 'EXAI-WS-VSCode3', 'command'], sampleSpec().launcher.command);
        const rename = planned(planEdit({ target, change: 'rename', spec: renamed }, at(add.newText ?? ''), 'linux'));
        const remove = planEdit(
          { target, change: 'remove', spec: renamed, footprint: add.footprint },
          at(rename.newText ?? ''),
          'linux',
        );
        expect(planned(remove).newText).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('EDIT-seed-configs: the two configs of the set-up guide come out with their names, without token, cwd and trust', () => {
    for (const number of [1, 2]) {
      const rendered = files.render(targetFor('generic'), sampleSpec(number), 'stdio');
      expect(JSON.parse(rendered?.text ?? '')).toEqual({
        mcpServers: {
          [`EXAI-WS-VSCode${number}`]: {
            type: 'stdio',
            command: sampleSpec().launcher.command,
            args: [],
            env: {
              EXAI_INSTANCE_ID: `inst_7f3kq${number}`,
              EXAI_SESSION_ID: `vscode-instance-${number}`,
              EXAI_SERVER_NAME: `EXAI-WS-VSCode${number}`,
              MCP_SERVER_ID: `exai-ws-vscode${number}`,
              EXAI_LOG_PREFIX: `vscode${number}`,
              EXAI_WS_TOKEN_FILE: sampleSpec(number).tokenFile,
            },
          },
        },
      });
    }
  });

  it('EDIT-seed-configs: VS Code gets the same entries below its own key', () => {
    const typed: unknown = JSON.parse(files.render(targetFor('generic'), sampleSpec(1), 'stdio')?.text ?? '');
    const own: unknown = JSON.parse(files.render(targetFor('vscode'), sampleSpec(1), 'stdio')?.text ?? '');
    expect(own).toEqual({ servers: Object(typed).mcpServers });
  });

  it('EDIT-catalogue: a client is found by its folder or its program, its file is known before it is there', () => {
    const detected = (editor: EditorId) => files.detect().find((found) => found.editor === editor);
    expect(detected('codex')).toMatchObject({ isInstalled: false, targets: [{ fileExists: false }] });
    put(targetFor('codex'), '');
    expect(detected('codex')).toMatchObject({
      isInstalled: true,
      targets: [{ fileExists: true, target: targetFor('codex') }],
    });
    const bin = join(home, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'gemini'), '');
    const machine = {
      platform: 'linux',
      home,
      env: { PATH: `/none:${bin}` },
      exists: existsSync,
      list: () => [],
    } as const;
    const others = createEditorFiles({ stateDir: join(home, 'state'), machine }).detect();
    expect(others.filter(({ isInstalled }) => isInstalled).map(({ editor }) => editor)).toEqual([
      'gemini-cli',
      'codex',
    ]);
  });

  it('EDIT-names: the doctor sees what was changed by hand in our entry, and entries that nobody here knows', async () => {
    for (const editor of ['codex', 'cursor'] as const) {
      const target = targetFor(editor);
      await applied(planned(files.plan({ target, change: 'add', spec: sampleSpec() })));
      const text = readFileSync(target.path, 'utf8');
      put(target, text.replace('vscode-instance-3', 'mine'));
      expect(files.findOurEntries(target, [sampleSpec()])).toMatchObject({
        entries: [{ state: 'drifted', differs: ['env.EXAI_SESSION_ID'], instanceId: 'inst_7f3kq3' }],
      });
      expect(files.findOurEntries(target, [])).toMatchObject({ entries: [{ state: 'unknown-instance' }] });
    }
  });
});
