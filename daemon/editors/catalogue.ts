import type { EditorId, EntryForm, Grammar, Machine, PlaceChoice, PlaceKind, WayIn } from './editor.ts';
import {
  appDataDir,
  claudeCodeFile,
  claudeDesktopFiles,
  clineFile,
  configDir,
  joinPath,
  openCodeFile,
  variable,
  vsCodeDataDir,
} from './editor-paths.ts';

/** One place of a client. `paths`: the files, the likeliest first; none when the system or the choice has none. */
export interface EditorPlace {
  readonly kind: PlaceKind;
  readonly paths: (machine: Machine, choice: PlaceChoice) => readonly string[];
  readonly grammar: Grammar;
  /** Keys to the entries; a function where they depend on the choice. */
  readonly root: readonly string[] | ((choice: PlaceChoice) => readonly string[]);
}

/** One row of the catalogue (CLIENTS §§2–4). Names of products are not translated. */
export interface Editor {
  readonly id: EditorId;
  readonly label: string;
  readonly form: EntryForm;
  readonly holder: 'map' | 'list';
  readonly waysIn: readonly WayIn[];
  /** How a client without a shim gets the token: asked for, from a variable, or pasted by hand, and then never written by us. */
  readonly token: 'input' | 'variable' | 'paste';
  /** Program in the `PATH`, without `.exe`. */
  readonly program?: string;
  /** Folders that only an installed client has. */
  readonly homes: (machine: Machine) => readonly string[];
  readonly places: readonly EditorPlace[];
  /** The client itself rewrites its file while it runs (CLIENTS §12 W9). */
  readonly rewritesFile?: boolean;
  /** The lock directory `<file>.lock` is taken too. */
  readonly hasLockDirectory?: boolean;
}

type Paths = EditorPlace['paths'];

const stdioAndHttp = ['stdio', 'http'] as const;
const servers = ['mcpServers'] as const;

const atHome =
  (...parts: readonly string[]): Paths =>
  (machine) => [joinPath(machine, machine.home, ...parts)];

const inFolder =
  (...parts: readonly string[]): Paths =>
  (machine, { folder }) =>
    folder === undefined ? [] : [joinPath(machine, folder, ...parts)];

const homeFolder =
  (name: string) =>
  (machine: Machine): readonly string[] => [joinPath(machine, machine.home, name)];

function place(kind: PlaceKind, paths: Paths, grammar: Grammar, root: EditorPlace['root'] = servers): EditorPlace {
  return { kind, paths, grammar, root };
}

const sharedProject = place('shared-project', inFolder('.mcp.json'), 'strict');

function vsCode(id: EditorId, label: string, name: string, program: string): Editor {
  const inData =
    (...parts: readonly string[]): Paths =>
    (machine, choice) => [joinPath(machine, vsCodeDataDir(machine, name, choice), ...parts)];
  return {
    id,
    label,
    form: 'typed',
    holder: 'map',
    waysIn: ['stdio', 'http', 'local'],
    token: 'input',
    program,
    homes: (machine) => [vsCodeDataDir(machine, name, {})],
    places: [
      place('user', inData('User', 'mcp.json'), 'jsonc', ['servers']),
      place(
        'profile',
        (machine, choice) =>
          choice.profile === undefined ? [] : inData('User', 'profiles', choice.profile, 'mcp.json')(machine, choice),
        'jsonc',
        ['servers'],
      ),
      place('project', inFolder('.vscode', 'mcp.json'), 'jsonc', ['servers']),
      place('workspace-file', (_, { workspaceFile }) => (workspaceFile === undefined ? [] : [workspaceFile]), 'jsonc', [
        'settings',
        'mcp',
        'servers',
      ]),
    ],
  };
}

/** Every client that we know, in the order in which they are offered. */
export const editors: readonly Editor[] = [
  vsCode('vscode', 'Visual Studio Code', 'Code', 'code'),
  vsCode('vscode-insiders', 'VS Code Insiders', 'Code - Insiders', 'code-insiders'),
  vsCode('vscodium', 'VSCodium', 'VSCodium', 'codium'),
  {
    id: 'augment-vscode',
    label: 'Augment Code',
    form: 'typed',
    holder: 'list',
    waysIn: stdioAndHttp,
    token: 'paste',
    homes: (machine) => [joinPath(machine, augmentStorage(machine, {}))],
    places: [
      place(
        'user',
        (machine, choice) => [
          joinPath(machine, augmentStorage(machine, choice), 'augment-global-state', 'mcpServers.json'),
        ],
        'strict',
        [],
      ),
    ],
  },
  {
    id: 'auggie',
    label: 'Auggie',
    form: 'typed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'paste',
    program: 'auggie',
    homes: homeFolder('.augment'),
    places: [
      place('user', atHome('.augment', 'settings.json'), 'jsonc'),
      place('project-local', inFolder('.augment', 'settings.local.json'), 'jsonc'),
      place('project', inFolder('.augment', 'settings.json'), 'jsonc'),
    ],
  },
  {
    id: 'claude-desktop',
    label: 'Claude Desktop',
    form: 'bare',
    holder: 'map',
    waysIn: ['stdio'],
    token: 'paste',
    homes: (machine) => claudeDesktopFiles(machine).map((file) => joinPath(machine, file, '..')),
    places: [place('user', claudeDesktopFiles, 'strict')],
  },
  {
    id: 'claude-code',
    label: 'Claude Code',
    form: 'typed',
    holder: 'map',
    waysIn: ['stdio', 'http', 'ws'],
    token: 'variable',
    program: 'claude',
    homes: (machine) => [claudeCodeFile(machine), joinPath(machine, machine.home, '.claude')],
    places: [
      place('user', (machine) => [claudeCodeFile(machine)], 'strict'),
      place(
        'project-local',
        (machine, { folder }) => (folder === undefined ? [] : [claudeCodeFile(machine)]),
        'strict',
        ({ folder = '' }) => ['projects', folder, 'mcpServers'],
      ),
      sharedProject,
    ],
    rewritesFile: true,
  },
  {
    id: 'cursor',
    label: 'Cursor',
    form: 'typed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'variable',
    program: 'cursor',
    homes: homeFolder('.cursor'),
    places: [
      place('user', atHome('.cursor', 'mcp.json'), 'plain'),
      place('project', inFolder('.cursor', 'mcp.json'), 'plain'),
    ],
  },
  {
    id: 'windsurf',
    label: 'Windsurf',
    form: 'typed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'variable',
    program: 'windsurf',
    homes: (machine) => [joinPath(machine, machine.home, '.codeium', 'windsurf')],
    places: [place('user', atHome('.codeium', 'windsurf', 'mcp_config.json'), 'plain')],
  },
  {
    id: 'gemini-cli',
    label: 'Gemini CLI',
    form: 'typed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'paste',
    program: 'gemini',
    homes: homeFolder('.gemini'),
    places: [
      place('user', atHome('.gemini', 'settings.json'), 'jsonc'),
      place('project', inFolder('.gemini', 'settings.json'), 'jsonc'),
    ],
  },
  {
    id: 'codex',
    label: 'Codex',
    form: 'codex',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'variable',
    program: 'codex',
    homes: (machine) => [variable(machine, 'CODEX_HOME') ?? joinPath(machine, machine.home, '.codex')],
    places: [
      place(
        'user',
        (machine) => [
          joinPath(
            machine,
            variable(machine, 'CODEX_HOME') ?? joinPath(machine, machine.home, '.codex'),
            'config.toml',
          ),
        ],
        'toml',
        ['mcp_servers'],
      ),
      place('project', inFolder('.codex', 'config.toml'), 'toml', ['mcp_servers']),
    ],
    rewritesFile: true,
  },
  {
    id: 'zed',
    label: 'Zed',
    form: 'zed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'paste',
    program: 'zed',
    homes: (machine) => [zedFolder(machine)],
    places: [
      place('user', (machine) => [joinPath(machine, zedFolder(machine), 'settings.json')], 'jsonc', [
        'context_servers',
      ]),
      place('project', inFolder('.zed', 'settings.json'), 'jsonc', ['context_servers']),
    ],
  },
  {
    id: 'cline',
    label: 'Cline',
    form: 'cline',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'variable',
    program: 'cline',
    homes: homeFolder('.cline'),
    places: [place('user', (machine) => [clineFile(machine)], 'strict')],
    rewritesFile: true,
    hasLockDirectory: true,
  },
  {
    id: 'opencode',
    label: 'opencode',
    form: 'opencode',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'variable',
    program: 'opencode',
    homes: (machine) => [joinPath(machine, configDir(machine), 'opencode')],
    places: [
      place('user', (machine) => [openCodeFile(machine, joinPath(machine, configDir(machine), 'opencode'))], 'jsonc', [
        'mcp',
      ]),
      place(
        'project',
        (machine, { folder }) => (folder === undefined ? [] : [openCodeFile(machine, folder)]),
        'jsonc',
        ['mcp'],
      ),
    ],
  },
  {
    id: 'qwen',
    label: 'Qwen Code',
    form: 'typed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'paste',
    program: 'qwen',
    homes: homeFolder('.qwen'),
    places: [
      place('user', atHome('.qwen', 'settings.json'), 'jsonc'),
      place('project', inFolder('.qwen', 'settings.json'), 'jsonc'),
    ],
  },
  {
    id: 'copilot-cli',
    label: 'Copilot CLI',
    form: 'local-tools',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'paste',
    program: 'copilot',
    homes: (machine) => [copilotFolder(machine)],
    places: [
      place('user', (machine) => [joinPath(machine, copilotFolder(machine), 'mcp-config.json')], 'strict'),
      place('project', inFolder('.github', 'mcp.json'), 'strict'),
    ],
  },
  {
    id: 'continue',
    label: 'Continue',
    form: 'typed',
    holder: 'map',
    waysIn: ['stdio'],
    token: 'paste',
    homes: homeFolder('.continue'),
    places: [
      place('user', atHome('.continue', 'mcpServers', 'exai.json'), 'jsonc'),
      place('project', inFolder('.continue', 'mcpServers', 'exai.json'), 'jsonc'),
    ],
  },
  {
    id: 'visual-studio',
    label: 'Visual Studio',
    form: 'typed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'paste',
    homes: (machine) => [joinPath(machine, appDataDir(machine), 'Microsoft', 'VisualStudio')],
    places: [
      place('user', onWindows(atHome('.mcp.json')), 'strict', ['servers']),
      place('project', onWindows(inFolder('.vs', 'mcp.json')), 'strict', ['servers']),
    ],
  },
  {
    id: 'junie',
    label: 'Junie',
    form: 'typed',
    holder: 'map',
    waysIn: ['stdio'],
    token: 'paste',
    homes: homeFolder('.junie'),
    places: [
      place('user', atHome('.junie', 'mcp', 'mcp.json'), 'strict'),
      place('project', inFolder('.junie', 'mcp', 'mcp.json'), 'strict'),
    ],
  },
  {
    id: 'generic',
    label: 'mcpServers',
    form: 'typed',
    holder: 'map',
    waysIn: stdioAndHttp,
    token: 'paste',
    homes: () => [],
    places: [place('user', () => [''], 'strict')],
  },
];

export function editorOf(id: EditorId): Editor {
  const found = editors.find((editor) => editor.id === id);
  if (found === undefined) throw new Error(`no such client: ${id}`);
  return found;
}

function augmentStorage(machine: Machine, choice: PlaceChoice): string {
  return joinPath(machine, vsCodeDataDir(machine, 'Code', choice), 'User', 'globalStorage', 'augment.vscode-augment');
}

function copilotFolder(machine: Machine): string {
  return variable(machine, 'COPILOT_HOME') ?? joinPath(machine, machine.home, '.copilot');
}

function zedFolder(machine: Machine): string {
  return machine.platform === 'win32'
    ? joinPath(machine, appDataDir(machine), 'Zed')
    : joinPath(machine, configDir(machine), 'zed');
}

function onWindows(paths: Paths): Paths {
  return (machine, choice) => (machine.platform === 'win32' ? paths(machine, choice) : []);
}
