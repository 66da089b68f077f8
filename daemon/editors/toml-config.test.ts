import * as fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import type { EditChange, EditPlan, EditRequest, Target } from './editor.ts';
import { planEdit } from './plan-edit.ts';
import { sampleSpec } from './testing/specs.ts';

const target: Target = {
  editor: 'codex',
  place: 'user',
  path: '/c/config.toml',
  grammar: 'toml',
  root: ['mcp_servers'],
  holder: 'map',
  form: 'codex',
};
const renamed = sampleSpec(3, { serverName: 'EXAI-WS-Shop', sessionId: 'shop', serverId: 'shop', logPrefix: 'shop' });

function plan(text: string | undefined, change: EditChange, more: Partial<EditRequest> = {}) {
  const bytes = text === undefined ? undefined : Buffer.from(text);
  return planEdit({ target, change, spec: sampleSpec(), ...more }, { path: target.path, bytes }, 'linux');
}

function planned(...args: Parameters<typeof plan>): EditPlan {
  const result = plan(...args);
  if (result.type === 'refused') throw new Error(`${result.reason}: ${result.message}`);
  return result;
}

function serversOf(text: string | undefined): unknown {
  return parse((text ?? '').replace('\uFEFF', ''), { integersAsBigInt: 'asNeeded' })['mcp_servers'];
}

const fixtures: readonly string[] = [
  '',
  '\uFEFF',
  '# only a note',
  'model = "m" # kept\r\n\r\n[mcp_servers.db]\r\ncommand = "pg"\r\nenv = { A = "1" }\r\n# the end\r\n',
  'model = "m"',
  "\uFEFFnotify = [\n\t\"a\", # one\n\t\"]\",\n]\n[mcp_servers]\n[mcp_servers.db.env]\nA = '''x\n[mcp_servers.no]\n'''\n\n\n",
  'mcp_servers.db.command = "pg"\n[[rules]]\nx = 1979-05-27\n[[rules]]\ny = 9999999999999999999\n',
  '[mcp_servers]\ndb = { command = "pg", args = ["{", "#"] }\n"a b".command = """\\"""""\n[profiles.x]\nz = 1_000.5\n',
];

describe('files of TOML', () => {
  it.each(fixtures)('EDIT-bytes-kept: TOML comes back byte for byte from add, rename, remove: %j', (text) => {
    const add = planned(text, 'add');
    expect(serversOf(add.newText)).toHaveProperty(['EXAI-WS-VSCode3', 'required'], true);
    expect(planned(add.newText, 'update').newText).toBe(add.newText);
    const rename = planned(add.newText, 'rename', { spec: renamed });
    expect(serversOf(rename.newText)).toHaveProperty(['EXAI-WS-Shop', 'env', 'EXAI_SESSION_ID'], 'shop');
    expect(serversOf(rename.newText)).not.toHaveProperty(['EXAI-WS-VSCode3']);
    const remove = planned(rename.newText, 'remove', { spec: renamed, footprint: add.footprint });
    expect(remove.newText).toBe(text);
  });

  it('EDIT-bytes-kept: a file of TOML that was not there is gone after a remove', () => {
    const add = planned(undefined, 'add');
    expect(planned(add.newText, 'remove', { footprint: add.footprint }).newText).toBeUndefined();
  });

  it('EDIT-bytes-kept: a person’s line below our table stays a line of its own when the table goes', () => {
    const add = planned('model = "m"', 'add');
    const remove = planned(`${add.newText ?? ''}[mine]\na = 1\n`, 'remove', { footprint: add.footprint });
    expect(parse(remove.newText ?? '')).toEqual({ model: 'm', mine: { a: 1 } });
  });

  it.each([
    [
      'sub table',
      '[mcp_servers.old]\nenabled = false # mine\ncommand = "LAUNCHER"\n\n[mcp_servers.old.env]\nEXAI_INSTANCE_ID = "inst_7f3kq3"\nMINE = "1" # kept\n\n[z]\n',
    ],
    [
      'sub table alone',
      '[mcp_servers.old.env]\nEXAI_INSTANCE_ID = "inst_7f3kq3"\nMINE = "1" # kept\n[mcp_servers.old.tools]\nx = 1\n',
    ],
    [
      'dotted',
      '[mcp_servers]\nold.command = "LAUNCHER" # mine\nold.env.EXAI_INSTANCE_ID = "inst_7f3kq3"\nold.env.MINE = "1" # kept\n[z]\n',
    ],
    [
      'inline',
      '# mine\n[mcp_servers]\nold = { command = "LAUNCHER", env = { EXAI_INSTANCE_ID = "inst_7f3kq3", MINE = "1" }, d = 1979-05-27 } # kept\n[z]\n',
    ],
    [
      'at the top',
      'mcp_servers.old.command = "LAUNCHER" # mine\nmcp_servers.old.env = { MINE = "1", EXAI_INSTANCE_ID = "inst_7f3kq3" } # kept\n[z]\n',
    ],
    [
      'another way in',
      '[mcp_servers."old"]\nurl = "http://x/"\nbearer_token_env_var = "V"\nenabled = true # mine\nenv.MINE = "1" # kept\n[mcp_servers.old.http_headers]\nX-EXAI-Instance = "inst_7f3kq3"\n[z]\n',
    ],
  ])(
    'EDIT-names: an entry written as %s is brought up to date and renamed; what is not ours in it stays',
    (_form, form) => {
      const text = form.replace('LAUNCHER', sampleSpec().launcher.command);
      const { newText } = planned(text, 'rename', { adopt: true });
      expect(serversOf(newText)).toMatchObject({
        'EXAI-WS-VSCode3': {
          command: sampleSpec().launcher.command,
          required: true,
          env: { MINE: '1', EXAI_SESSION_ID: 'vscode-instance-3', EXAI_SERVER_NAME: 'EXAI-WS-VSCode3' },
        },
      });
      expect(serversOf(newText)).not.toHaveProperty(['EXAI-WS-VSCode3', 'url']);
      expect(serversOf(newText)).not.toHaveProperty(['old']);
      for (const comment of form.match(/# \w+/g) ?? []) expect(newText).toContain(comment);
      const { newText: rest } = planned(newText, 'remove', { adopt: true });
      expect(serversOf(rest) ?? {}).toEqual({});
    },
  );

  it('EDIT-malformed: TOML that cannot be read, or has no room for a table, is refused with its place', () => {
    expect(plan('a = 1\nb = \n', 'add')).toMatchObject({ code: 'CONFIG_UNREADABLE', at: { line: 2, column: 5 } });
    expect(plan('\uFEFFb = \n', 'add')).toMatchObject({ code: 'CONFIG_UNREADABLE', at: { line: 1, column: 5 } });
    for (const text of ['x = 1\nmcp_servers = {}\n', 'x = 1\nmcp_servers = 5\n', '\n[[mcp_servers]]\na = 1\n']) {
      expect(plan(text, 'add')).toMatchObject({ reason: 'foreignShape', at: { line: 2 } });
    }
  });

  it('EDIT-any-toml: random TOML survives an edit byte for byte, and a reader finds the entry in between', () => {
    const end = fc.constantFrom('\n', '\r\n', ' # c [x]\n', '\n\n', '\t\n');
    const value = fc.constantFrom(
      '1',
      '"a#]"',
      "'\\'",
      '[1, # x\n 2]',
      '{ a = 1, "b.c" = [] }',
      '"""\n[t]\n"""',
      '1e5',
      '{}',
    );
    const pairs = fc
      .uniqueArray(fc.constantFrom('a', '"b c"', 'd.e', "'#'"), { maxLength: 4 })
      .chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(value, end).map(([v, e]) => `${key} = ${v}${e}`))))
      .map((lines) => lines.join(''));
    const header = fc.constantFrom(
      '[t]',
      '[ t . u ]',
      '[mcp_servers]',
      '[mcp_servers.db]',
      '[mcp_servers.db.env]',
      '[["l"]]',
    );
    const file = fc
      .tuple(
        fc.constantFrom('', '\uFEFF'),
        pairs,
        fc
          .uniqueArray(header, { maxLength: 4 })
          .chain((headers) =>
            fc.tuple(...headers.map((name) => fc.tuple(end, pairs).map(([e, body]) => `${name}${e}${body}`))),
          ),
        fc.constantFrom('', '# last', '  '),
      )
      .map(([mark, top, sections, last]) => `${mark}${top}${sections.join('')}${last}`);
    fc.assert(
      fc.property(file, (text) => {
        const add = planned(text, 'add');
        expect(serversOf(add.newText)).toHaveProperty(['EXAI-WS-VSCode3', 'command'], sampleSpec().launcher.command);
        const rename = planned(add.newText, 'rename', { spec: renamed });
        expect(serversOf(rename.newText)).toHaveProperty(['EXAI-WS-Shop', 'env', 'MCP_SERVER_ID'], 'shop');
        const remove = planned(rename.newText, 'remove', { spec: renamed, footprint: add.footprint });
        expect(remove.newText).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
