import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AdminClient } from '../platform/admin-client.ts';
import { type ConfigRoot, editorConfig } from '../platform/editor-config.ts';
import { type EditorStart, launcherPath, startOfLauncher } from '../platform/launcher-path.ts';
import { loadSettings } from '../platform/load-settings.ts';
import { requireNode } from '../platform/node-version.ts';
import type { StateLayout } from '../platform/state-dir.ts';
import { errorTable, exitCodes, FailureError } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { configJson, configRows, configText } from './config-view.ts';
import { startDaemon, stopDaemon } from './daemon-process.ts';
import { openDashboard, thisDesktop } from './open-dashboard.ts';
import { daemonCommandView, sessionsView, statusView, tokenView } from './views.ts';

const usage = `Usage: exai <command> [--json]

  start           start the daemon in the background and wait until it is ready
  stop            let running calls finish, then end the daemon
  status          what the daemon is doing
  sessions        the windows that are connected
  token status    whether clients need a token, and which windows use the current one
  token rotate    make a new token; windows take it by themselves at their next connect
  token clear     switch authentication off
  dashboard       an address that lets one browser in, within a minute (--open opens it)
  editor-config   the entry for an editor window (--window 2 for the second, --mcp-servers for other clients)
  config          every setting, its value, and where it comes from
  version         the version of this command

Options
  --json          print JSON
  --open          with dashboard: open it in the browser of this desktop
  --window N      with editor-config: which window, 1 by default
  --mcp-servers   with editor-config: the form of clients other than VS Code
  --shim          with config: the settings of the shim instead of the daemon's
  --help          this text

Exit codes: 0 ok, 2 not allowed, 3 daemon not reachable, 64 wrong command, 78 bad configuration.`;

/** Runs one command; returns the exit code of WIRE §6.1. */
async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      shim: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
      open: { type: 'boolean' },
      window: { type: 'string' },
      'mcp-servers': { type: 'boolean' },
    },
  });
  const command = positionals.join(' ');
  if (values.help === true) return print(usage);
  if (values.version === true || command === 'version')
    return print(values.json === true ? JSON.stringify({ version }) : version);
  switch (command) {
    case 'start':
    case 'stop':
      return runDaemonCommand(command, values.json === true);
    case 'status':
      return ask(values.json, async (client) => {
        const status = await client.call('status');
        return { data: status, text: statusView(status, Date.now() / 1000) };
      });
    case 'sessions':
      return ask(values.json, async (client) => {
        const sessions = await client.call('sessions');
        return { data: sessions, text: sessionsView(sessions, Date.now() / 1000) };
      });
    case 'token status':
      return ask(values.json, async (client) => tokenAnswer(await client.call('token')));
    case 'token rotate':
      return ask(values.json, async (client) => tokenAnswer(await client.call('rotateToken', { body: {} })));
    case 'token clear':
      return ask(values.json, async (client) => tokenAnswer(await client.call('clearToken')));
    case 'dashboard':
      return showDashboard(values.json, values.open === true);
    case 'editor-config':
      return showEditorConfig(values.window ?? '1', values['mcp-servers'] === true ? 'mcpServers' : 'servers');
    case 'config':
      return showConfig(values.shim === true ? 'shim' : 'daemon', values.json === true);
    default:
      process.stderr.write(command === '' ? `${usage}\n` : `exai: there is no command "${command}"\n\n${usage}\n`);
      return errorTable.INVALID_REQUEST.exit;
  }
}

async function showDashboard(asJson: boolean | undefined, shouldOpen: boolean): Promise<number> {
  return ask(asJson, async (client, layout) => {
    const { ticket, url, expiresAt } = await client.call('makeTicket');
    if (url === null) {
      throw new FailureError({
        code: 'NOT_FOUND',
        message: 'The daemon has no address that a browser can reach.',
        hint: 'Add tcp to EXAI_WS_LISTEN, or set EXAI_DASHBOARD_PORT, and restart it.',
      });
    }
    if (shouldOpen) {
      const opened = await openDashboard(url, join(layout.runDir, 'dashboard.html'), thisDesktop());
      if (opened.type === 'failed') process.stderr.write(`exai: ${opened.message} Open the address yourself.\n`);
    }
    return { data: { ticket, url, expiresAt }, text: url };
  });
}

function tokenAnswer(token: Parameters<typeof tokenView>[0]): { data: unknown; text: string } {
  return { data: token, text: tokenView(token) };
}

async function ask(
  asJson: boolean | undefined,
  work: (client: AdminClient, layout: StateLayout) => Promise<{ data: unknown; text: string }>,
): Promise<number> {
  const loaded = loadSettings('daemon', { env: process.env });
  if (loaded.type === 'invalid') {
    process.stderr.write(`${loaded.message}\n`);
    return exitCodes.configuration;
  }
  const client = AdminClient.open(loaded.layout);
  try {
    const { data, text } = await work(client, loaded.layout);
    return print(asJson === true ? JSON.stringify(data, null, 2) : text);
  } finally {
    client.close();
  }
}

async function runDaemonCommand(command: 'start' | 'stop', asJson: boolean): Promise<number> {
  const loaded = loadSettings('daemon', { env: process.env });
  if (loaded.type === 'invalid') {
    process.stderr.write(`${loaded.message}\n`);
    return exitCodes.configuration;
  }
  const result = await (command === 'start' ? startDaemon(loaded.layout) : stopDaemon(loaded.layout));
  return print(asJson ? JSON.stringify(result, null, 2) : daemonCommandView(result));
}

function showConfig(reader: 'daemon' | 'shim', asJson: boolean): number {
  const loaded = loadSettings(reader, { env: process.env });
  if (loaded.type === 'invalid') {
    process.stderr.write(`${loaded.message}\n`);
    return exitCodes.configuration;
  }
  const rows = configRows(loaded, reader);
  return print(asJson ? configJson(rows) : configText(rows));
}

function showEditorConfig(window: string, root: ConfigRoot): number {
  if (!/^[1-9]\d{0,2}$/.test(window)) {
    process.stderr.write(`exai: --window takes a number from 1 to 999, not "${window}"\n`);
    return errorTable.VALIDATION_ERROR.exit;
  }
  const loaded = loadSettings('daemon', { env: process.env });
  if (loaded.type === 'invalid') {
    process.stderr.write(`${loaded.message}\n`);
    return exitCodes.configuration;
  }
  const { layout, settings } = loaded;
  const config = editorConfig(root, Number(window), {
    start: editorStart(),
    tokenFile: layout.tokenFile,
    stateDir: settings.stateDirOverride,
  });
  return print(JSON.stringify(config, null, 2));
}

/** A package has its launcher as soon as the app was started once; its program is Electron's, and must be told to be Node. */
function editorStart(): EditorStart {
  const shim = join(import.meta.dirname, 'shim.js');
  if (process.versions['electron'] === undefined) return { command: process.execPath, args: [shim], env: {} };
  const launcher = launcherPath(process.platform, process.env, homedir());
  if (existsSync(launcher)) return startOfLauncher(process.platform, launcher);
  return { command: process.execPath, args: [shim], env: { ELECTRON_RUN_AS_NODE: '1' } };
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}

/** The one sentence and the exit code of a failure. */
function report(error: unknown): number {
  if (error instanceof FailureError) {
    const { message, hint, code } = error.failure;
    process.stderr.write(`exai: ${message}${hint === undefined ? '' : ` ${hint}`} (${code})\n`);
    return errorTable[code].exit;
  }
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`exai: ${error.message}\n`);
    return errorTable.INVALID_REQUEST.exit;
  }
  throw error;
}

requireNode();
void run(process.argv.slice(2))
  .catch(report)
  .then((exitCode) => {
    process.exitCode = exitCode;
  });
