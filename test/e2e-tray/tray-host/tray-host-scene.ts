import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { withDeadline } from '../../support/deadline.ts';
import { findTool } from '../../support/tools.ts';

const run = promisify(execFile);

export interface TrayHostOptions {
  /** Ground of the panel, `#rrggbb`. */
  readonly panelColour: string;
}

/** Height of the panel at the top edge of the screen. */
export const panelHeight = 30;

/**
 * A desktop of its own with a real tray host: virtual screen, session bus, window manager and the panel of Xfce, in a home that is
 * removed at the end. `env` is for every program that shall live on it.
 */
export class TrayHostScene {
  readonly env: Readonly<Record<string, string>>;
  readonly #home: string;
  readonly #tools: Tools;
  readonly #children: ChildProcess[];
  #panel: ChildProcess | undefined;

  private constructor(home: string, env: Readonly<Record<string, string>>, tools: Tools, children: ChildProcess[]) {
    this.#home = home;
    this.env = env;
    this.#tools = tools;
    this.#children = children;
  }

  /** Why no scene can be started on this machine; undefined where one can. */
  static get whyNot(): string | undefined {
    const tools = findTools();
    return 'skip' in tools ? tools.skip : undefined;
  }

  static async start(options: TrayHostOptions): Promise<TrayHostScene> {
    const tools = findTools();
    if ('skip' in tools) throw new Error(tools.skip);
    const home = mkdtempSync(join(tmpdir(), 'exai-tray-host-'));
    const children: ChildProcess[] = [];
    try {
      // Before the bus: it starts xfconfd, and xfconfd finds the panel's settings through these.
      const own = ownEnvironment(home);
      writePanelSettings(own['XDG_CONFIG_HOME'] ?? home, options.panelColour);
      const screen = ['-screen', '0', '1280x800x24', '-nolisten', 'tcp', '-displayfd', '3'];
      const display = `:${await firstLine(children, home, own, tools.xvfb, screen, 3)}`;
      const onScreen = { ...own, DISPLAY: display };
      const busArguments = ['--session', '--nofork', '--print-address=3'];
      const bus = await firstLine(children, home, onScreen, tools.dbusDaemon, busArguments, 3);
      const env = { ...onScreen, DBUS_SESSION_BUS_ADDRESS: bus };
      const scene = new TrayHostScene(home, env, tools, children);
      scene.#spawn(tools.openbox, []);
      scene.startHost();
      return scene;
    } catch (error) {
      await endAll(children, home);
      throw error;
    }
  }

  /** The bus on which icons are published. */
  get busAddress(): string {
    return this.env['DBUS_SESSION_BUS_ADDRESS'] ?? '';
  }

  /** Starts the panel; with it the watcher appears on the bus. */
  startHost(): void {
    this.#panel = this.#spawn(this.#tools.xfce4Panel, ['--disable-wm-check']);
  }

  /** Ends the panel, as a crash of the desktop's shell does: nobody shows icons until `startHost`. */
  async stopHost(): Promise<void> {
    if (this.#panel !== undefined) await end(this.#panel);
    this.#panel = undefined;
  }

  /** The whole screen as PNG. */
  async screenshot(): Promise<Buffer> {
    const options = { env: this.env, encoding: 'buffer' as const, maxBuffer: 32 * 1024 * 1024 };
    const { stdout } = await run(this.#tools.importImage, ['-window', 'root', 'png:-'], options);
    return stdout;
  }

  /** Moves the pointer, and presses a button there: 1 the primary, 3 the secondary. */
  async pointer(x: number, y: number, button?: 1 | 3): Promise<void> {
    const click = button === undefined ? [] : ['click', String(button)];
    await run(this.#tools.xdotool, ['mousemove', String(x), String(y), ...click], { env: this.env });
  }

  /** Presses keys one after the other, in X's names: `Down`, `Return`, `Escape`. */
  async keys(...names: string[]): Promise<void> {
    await run(this.#tools.xdotool, ['key', '--delay', '60', ...names], { env: this.env });
  }

  async stop(): Promise<void> {
    await endAll(this.#children, this.#home);
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    return start(this.#children, this.#home, this.env, program, args);
  }
}

interface Tools {
  readonly xvfb: string;
  readonly dbusDaemon: string;
  readonly openbox: string;
  readonly xfce4Panel: string;
  readonly xdotool: string;
  readonly importImage: string;
}

function findTools(): Tools | { readonly skip: string } {
  const names = ['xvfb', 'dbusDaemon', 'openbox', 'xfce4Panel', 'xdotool', 'importImage'] as const;
  const found: Partial<Record<(typeof names)[number], string>> = {};
  for (const name of names) {
    const tool = findTool(name);
    if ('skip' in tool) return tool;
    found[name] = tool.path;
  }
  return found as Tools;
}

function ownEnvironment(home: string): Record<string, string> {
  const runtime = join(home, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  return {
    HOME: home,
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    XDG_RUNTIME_DIR: runtime,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    NO_AT_BRIDGE: '1', // no accessibility bus
  };
}

function writePanelSettings(config: string, colour: string): void {
  const folder = join(config, 'xfce4', 'xfconf', 'xfce-perchannel-xml');
  mkdirSync(folder, { recursive: true });
  const [red = 0, green = 0, blue = 0] = [...Buffer.from(colour.slice(1), 'hex')].map((byte) => byte / 255);
  const settings = readFileSync(join(import.meta.dirname, 'panel.xml'), 'utf8')
    .replace('@red@', String(red))
    .replace('@green@', String(green))
    .replace('@blue@', String(blue));
  writeFileSync(join(folder, 'xfce4-panel.xml'), settings);
}

type Env = Readonly<Record<string, string>>;

/** Starts a program whose words go to a file in the home, and that says one line on descriptor 3 if it wants to. */
function start(children: ChildProcess[], home: string, env: Env, program: string, args: readonly string[]) {
  const child = spawn(program, args, { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const log = createWriteStream(join(home, `${children.length}.log`));
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  children.push(child);
  return child;
}

async function firstLine(
  children: ChildProcess[],
  home: string,
  env: Env,
  program: string,
  args: readonly string[],
  descriptor: number,
): Promise<string> {
  const child = start(children, home, env, program, args);
  const output = child.stdio[descriptor] as NodeJS.ReadableStream;
  const said = (async () => {
    for await (const line of createInterface({ input: output })) return line;
    throw new Error(`${program} ended before it was ready`);
  })();
  return withDeadline(`a word of ${program}`, said);
}

async function endAll(children: readonly ChildProcess[], home: string): Promise<void> {
  for (const child of children.toReversed()) await end(child);
  // xfconfd outlives its bus for a moment and may write once more.
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await ended;
  clearTimeout(impatient);
}
