/** Clients that we know how to configure (CLIENTS §2). `generic` is copied by hand, never written. */
export const editorIds = [
  'vscode',
  'vscode-insiders',
  'vscodium',
  'augment-vscode',
  'auggie',
  'claude-desktop',
  'claude-code',
  'cursor',
  'windsurf',
  'gemini-cli',
  'codex',
  'zed',
  'cline',
  'opencode',
  'qwen',
  'copilot-cli',
  'continue',
  'visual-studio',
  'junie',
  'generic',
] as const;

export type EditorId = (typeof editorIds)[number];

/** How a client reaches the daemon: a shim of its own, HTTP on TCP, HTTP on the local socket or pipe, WebSocket. */
export type WayIn = 'stdio' | 'http' | 'local' | 'ws';

/**
 * Where an entry lives. `user`: all projects of this user. `profile`: one profile of VS Code. `project`: one folder.
 * `project-local`: one folder, kept out of version control. `shared-project`: the `.mcp.json` of a folder, which several
 * clients read. `workspace-file`: a `.code-workspace`.
 */
export type PlaceKind = 'user' | 'profile' | 'project' | 'project-local' | 'shared-project' | 'workspace-file';

/** What a client's file may hold. `plain`: read like `strict` as far as anybody knows, so that we write nothing else. */
export type Grammar = 'strict' | 'plain' | 'jsonc' | 'toml';

/**
 * Shape of one entry (CLIENTS §4): `typed` V, M, R and A, `bare` Claude Desktop, `local-tools` L, `cline` N, `zed` Z,
 * `opencode` O, `opencode-2` its second version, `codex` X.
 */
export type EntryForm = 'typed' | 'bare' | 'local-tools' | 'cline' | 'zed' | 'opencode' | 'opencode-2' | 'codex';

/** The machine as far as paths depend on it. Tests and the doctor of another user inject their own. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Absolute; `%USERPROFILE%` on Windows. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exists: (path: string) => boolean;
  /** Names in a folder; empty when there is none. */
  readonly list: (path: string) => readonly string[];
}

/** What the user chose, where a place needs it. All paths absolute. */
export interface PlaceChoice {
  /** Of `project`, `project-local` and `shared-project`. */
  readonly folder?: string;
  /** A `.code-workspace`. */
  readonly workspaceFile?: string;
  /** Folder name of a VS Code profile, as in `<data>/User/profiles/<id>`. */
  readonly profile?: string;
  /** VS Code's `--user-data-dir`; the default one unless given. */
  readonly dataDir?: string;
}

/** One file and the place in it. Plain data: it may be stored and sent. */
export interface Target {
  readonly editor: EditorId;
  readonly place: PlaceKind;
  readonly path: string;
  readonly grammar: Grammar;
  /** Keys from the top of the file to the object, or array, that holds the entries; empty: the file is that array. */
  readonly root: readonly string[];
  /** `list`: entries are objects with a `name` (Augment). */
  readonly holder: 'map' | 'list';
  readonly form: EntryForm;
}

/** How our shim is started: the launcher, or Node with the path of the shim (PLATFORM §5). */
export interface Launcher {
  /** Absolute. */
  readonly command: string;
  readonly args: readonly string[];
  /** More names for the entry's environment, such as `ELECTRON_RUN_AS_NODE` and `EXAI_STATE_DIR`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Addresses of the daemon for ways in other than the shim. */
export interface Endpoint {
  /** Such as `http://127.0.0.1:8765/mcp`. */
  readonly http: string;
  /** Such as `ws://127.0.0.1:8765/mcp`. */
  readonly ws: string;
  /** `unix:///…/daemon.sock#/mcp` or `pipe:///pipe/…#/mcp`. */
  readonly local: string;
}

/** Everything that an entry says about one instance. No secret among it: the token is named by its file. */
export interface EntrySpec {
  /** Key of the entry: `[A-Za-z0-9-]`, at most 17, not `workspace`, unique in its file. */
  readonly serverName: string;
  /** `inst_` and 6–20 of `[a-z0-9]`; what an entry is recognised by. */
  readonly instanceId: string;
  /** 3–64 of `[A-Za-z0-9_-]`. */
  readonly sessionId: string;
  /** `MCP_SERVER_ID`. */
  readonly serverId: string;
  readonly logPrefix: string;
  /** Absolute. Left out of the entry when clients would expand or re-quote it (CLIENTS §4). */
  readonly tokenFile: string;
  readonly launcher: Launcher;
  readonly endpoint: Endpoint;
  /** Daemon deadline + queue wait + 30 s, for clients that give a call less by default. */
  readonly callTimeoutMs: number;
}

/** Codes as in the table of UI §5; `VALIDATION_ERROR` and `NOT_FOUND` as in protocol/errors.ts. */
export type EditCode =
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_CHANGED'
  | 'CONFIG_READ_ONLY'
  | 'CONFIG_REFUSED'
  | 'CONFIG_BUSY'
  | 'NAME_TAKEN'
  | 'NOT_FOUND'
  | 'VALIDATION_ERROR'
  | 'DISK_FULL';

/** Line and column count from 1; columns in UTF-16 units, as editors show them. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Why nothing was or will be written. `message` and `cure` are for people, one sentence each. */
export interface EditRefusal {
  readonly type: 'refused';
  readonly code: EditCode;
  /** Finer than the code and as stable: a key of `editors.refusals` in protocol/strings. */
  readonly reason: string;
  readonly message: string;
  readonly cure: string;
  readonly path: string;
  readonly at?: TextPlace;
  /** With `NAME_TAKEN`: a name that is free in the file. */
  readonly suggestion?: string;
  /** With `NAME_TAKEN`: which one, so that a form can show it under its field. */
  readonly field?: 'serverName' | 'sessionId' | 'serverId' | 'instanceId';
}

/** Something to know before applying; `id` is a key of `editors.warnings` in protocol/strings. */
export interface EditWarning {
  readonly id: string;
  readonly message: string;
  readonly at?: TextPlace;
}

/**
 * What an `add` made besides the entry, so that a `remove` can take it away again. Kept with the instance, given back to
 * `planEdit`; without it a remove leaves empty objects and files standing.
 */
export interface Footprint {
  /** The file was not there, or held nothing but `blank`. */
  readonly file: 'was-there' | 'blank' | 'absent';
  /** What the file held with `file: 'blank'`. */
  readonly blank?: string;
  /** How many keys of `target.root`, from its end, were not there. */
  readonly createdKeys: number;
  /** Text put between what stood before and the entry, and after it. */
  readonly lead: string;
  readonly tail: string;
  /** The question for the token that an entry of VS Code without a shim comes with, when the add made it. */
  readonly inputs?: Pick<Footprint, 'createdKeys' | 'tail'>;
  /** Folders that an apply made, outermost first. */
  readonly folders: readonly string[];
}

/**
 * `add` writes a new entry, or brings that of the same instance up to date. `rename` and `update` change the entry of
 * `spec.instanceId` to `spec`, under whatever key it is now; foreign keys in it stay. `remove` takes it out.
 */
export type EditChange = 'add' | 'rename' | 'update' | 'remove';

export interface EditRequest {
  readonly target: Target;
  readonly change: EditChange;
  readonly spec: EntrySpec;
  /** `stdio` unless given. */
  readonly wayIn?: WayIn;
  /** Of the `add`, with `remove`. */
  readonly footprint?: Footprint;
  /** Change the entry though its command is not our launcher; only after a person has seen it (CLIENTS §12 W10). */
  readonly adopt?: boolean;
}

/** The bytes of a target. `bytes` undefined: there is no such file. */
export interface FileState {
  readonly path: string;
  readonly bytes: Uint8Array | undefined;
}

/** What will happen, exactly. Plain data; nothing has been written. */
export interface EditPlan {
  readonly type: 'plan';
  readonly target: Target;
  readonly change: EditChange;
  readonly path: string;
  /** Undefined: there is no such file. A byte order mark is part of the text. */
  readonly oldText: string | undefined;
  /** Undefined: the file will be removed. Equal to `oldText`: there is nothing to do. */
  readonly newText: string | undefined;
  /** Unified, for display; empty when nothing changes. */
  readonly diff: string;
  /** SHA-256 of the old bytes in hex, or `absent`. */
  readonly oldHash: string;
  /** Key of the entry after the change. */
  readonly serverName: string;
  /** Of the entry after the change (WIRE §3.1); undefined with `remove` and without a shim. */
  readonly fingerprint: string | undefined;
  readonly footprint: Footprint;
  readonly warnings: readonly EditWarning[];
}

export type PlanResult = EditPlan | EditRefusal;

/** `backupId` is what `undoEdit` takes; undefined when nothing had to be written. */
export type ApplyResult =
  | {
      readonly type: 'applied';
      readonly path: string;
      readonly backupId: string | undefined;
      /** Of the plan, with the folders that were made. */
      readonly footprint: Footprint;
    }
  | EditRefusal;

export type UndoResult = { readonly type: 'undone'; readonly path: string } | EditRefusal;

/**
 * An entry of ours in a file. `state` compares it with what we would generate: `equal`; `drifted`, names of the differing
 * fields in `differs`; `unknown-instance`, our marks but no such instance here.
 */
export interface FoundEntry {
  readonly serverName: string;
  readonly instanceId: string;
  readonly state: 'equal' | 'drifted' | 'unknown-instance';
  /** Such as `command`, `env.EXAI_SESSION_ID`, `serverName`. */
  readonly differs: readonly string[];
  readonly command: string | undefined;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly at: TextPlace;
}

/** Any server in a file, ours or foreign; for the search for duplicates. */
export interface ServerEntry {
  readonly serverName: string;
  readonly command: string | undefined;
  readonly args: readonly string[];
  /** Names only: the values may be secrets. */
  readonly envNames: readonly string[];
  readonly url: string | undefined;
  readonly isOurs: boolean;
  readonly at: TextPlace;
}

/** A client on this machine. */
export interface DetectedEditor {
  readonly editor: EditorId;
  /** By its program or its folders. */
  readonly isInstalled: boolean;
  /** Places that need no choice, and those that the choice makes possible. */
  readonly targets: readonly { readonly target: Target; readonly fileExists: boolean }[];
}

/** Text for "copy config": a whole file with this one entry, in the client's grammar, never with a token in it. */
export interface RenderedEntry {
  readonly text: string;
  readonly grammar: Grammar;
  /** Asks the user by itself, where the client has such a link. */
  readonly installLink: string | undefined;
  readonly warnings: readonly EditWarning[];
}

/** A text that is kept from before an edit. */
export interface Backup {
  readonly id: string;
  readonly path: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly change: EditChange;
  /** Whether the file is as the edit left it, so that an undo is possible. */
  readonly canUndo: boolean;
}

export type FoundEntries = { readonly type: 'found'; readonly entries: readonly FoundEntry[] } | EditRefusal;

export type FoundServers = { readonly type: 'found'; readonly servers: readonly ServerEntry[] } | EditRefusal;

/**
 * The files of clients. Reading and planning are synchronous and write nothing; `apply` and `undo` write one file each.
 * Expected failures are values; a throw is a bug or a broken state folder.
 */
export interface EditorFiles {
  /** Every client in the order of {@link editorIds}, with the targets that `choice` makes possible. */
  detect(choice?: PlaceChoice): readonly DetectedEditor[];
  /** Undefined when the client has no such place on this system, or the choice lacks what the place needs. */
  target(editor: EditorId, place: PlaceKind, choice?: PlaceChoice): Target | undefined;
  /** Undefined when the client does not accept this way in. */
  render(target: Target, spec: EntrySpec, wayIn: WayIn): RenderedEntry | undefined;
  plan(request: EditRequest): PlanResult;
  /** Refuses with `CONFIG_CHANGED` when the file is no longer what the plan was made for. */
  apply(plan: EditPlan): Promise<ApplyResult>;
  /** Brings back the bytes from before an edit; `CONFIG_CHANGED` when somebody has changed the file since. */
  undo(backupId: string): Promise<UndoResult>;
  /** Newest first. */
  backups(): readonly Backup[];
  /** Our entries, compared with what `specs` would generate now. A file that is not there holds none. */
  findOurEntries(target: Target, specs: readonly EntrySpec[]): FoundEntries;
  /** All servers of a file, ours among them by `launcher` or by an instance id. */
  servers(target: Target, launcher: Launcher): FoundServers;
}
