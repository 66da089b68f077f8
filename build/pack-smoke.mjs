import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { hashPayload } from './bin-hashes.mjs';
import { fuses } from './pack-contents.mjs';
import { packedApp, packedJson } from './packed-app.mjs';

/**
 * `node build/pack-smoke.mjs <folder of the unpacked app>`: what a package must do before anybody gets it, done with the packed
 * program itself in the role it has for editors, Node. Ends with `smoke ok`, or with the step that failed.
 */

const [folder] = process.argv.slice(2);
assert(folder !== undefined, 'usage: node build/pack-smoke.mjs <folder of the unpacked app>');
const { program, runtime, resources } = packedApp(folder, process.platform);
const bin = join(resources, 'bin');
const home = mkdtempSync(join(tmpdir(), 'exai smoke '));
const env = environment();
const children = [];

try {
  await step('bin-hashes.json fits resources/bin', async () => {
    assert.deepEqual(await hashPayload(bin), packedJson(join(resources, 'app.asar'), 'dist/bin-hashes.json'));
  });
  await step('fuses', async () => {
    const wire = await getCurrentFuseWire(program);
    for (const [name, wanted] of Object.entries(fuses)) {
      assert.equal(wire[FuseV1Options[name]], (wanted ? '1' : '0').charCodeAt(0), name);
    }
  });
  await step('the program is Node 24 or later', () => {
    assert(Number.parseInt(asNode('process.stdout.write(process.versions.node)'), 10) >= 24);
  });
  await step('node:sqlite keeps a row', () => {
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(${JSON.stringify(join(home, 'smoke.db'))});
      database.exec('create table rows (text); insert into rows values (\\'kept\\')');
      process.stdout.write(database.prepare('select text from rows').get().text);`;
    assert.equal(asNode(script), 'kept');
  });
  const daemon = start('daemon.js');
  const address = await step('the daemon starts', async () => {
    const line = await daemon.line((text) => text.startsWith('ready '));
    return line.slice('ready '.length);
  });
  await step('the dashboard answers', async () => {
    const answer = await fetch(address);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /<div id="root">/);
  });
  await step('health is good, history included', async () => {
    const health = await (await fetch(new URL('health', address))).json();
    assert.equal(health.status, 'healthy', JSON.stringify(health));
  });
  const shim = start('shim.js');
  await step('the shim says hello and calls a tool', async () => {
    const client = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'smoke', version: '1' } };
    const { serverInfo } = await shim.request(1, 'initialize', client);
    assert.equal(typeof serverInfo.name, 'string');
    shim.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const { tools } = await shim.request(2, 'tools/list', {});
    assert(tools.some(({ name }) => name === 'version'));
    const { content } = await shim.request(3, 'tools/call', { name: 'version', arguments: {} });
    assert(content[0].text.length > 0);
  });
  await step('both end in order', async () => {
    shim.child.stdin.end();
    assert.equal(await shim.ended, 0);
    daemon.child.kill('SIGTERM');
    const code = await daemon.ended;
    if (process.platform !== 'win32') assert.equal(code, 0); // Windows knows no SIGTERM: the process is cut off
  });
  process.stdout.write('smoke ok\n');
} finally {
  for (const { child } of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

async function step(name, work) {
  try {
    const result = await work();
    process.stdout.write(`ok   ${name}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`FAIL ${name}\n`);
    for (const { name: file, errors } of children) process.stderr.write(`${file}: ${errors.join('')}\n`);
    throw error;
  }
}

/** What this machine has, without settings of ours or of Node, and with a home of its own. */
function environment() {
  const foreign = /^(?:EXAI_|NODE_|ELECTRON_|MCP_)/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const own = { HOME: home, USERPROFILE: home, EXAI_STATE_DIR: join(home, 'state'), EXAI_WS_PORT: '0' };
  return { ...Object.fromEntries(kept), ...own, EXAI_WS_AUTOSTART: 'false', ELECTRON_RUN_AS_NODE: '1' };
}

function asNode(script) {
  const { status, stdout, stderr, error } = spawnSync(runtime, ['-e', script], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(status, 0, String(error ?? stderr));
  return stdout;
}

/** A file of resources/bin on the packed program, with the lines it writes. */
function start(name) {
  const child = spawn(runtime, [join(bin, name)], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const errors = [];
  const lines = [];
  const waiting = new Set();
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(text);
    for (const look of waiting) look();
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code));
  });
  ended.catch(() => undefined); // shows in whatever is waited for
  const started = { name, child, errors, ended, line, send, request };
  children.push(started);
  return started;

  async function line(matches) {
    const found = Promise.withResolvers();
    const look = () => {
      const match = lines.find(matches);
      if (match !== undefined) found.resolve(match);
    };
    waiting.add(look);
    const timer = setTimeout(() => found.reject(new Error(`${name} did not answer within 30 s`)), 30_000);
    void ended.then((code) => found.reject(new Error(`${name} ended with ${code}`)), found.reject);
    look();
    return found.promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(look);
    });
  }

  function send(message) {
    child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async function request(id, method, params) {
    send({ jsonrpc: '2.0', id, method, params });
    const answer = JSON.parse(await line((text) => JSON.parse(text).id === id));
    assert.equal(answer.error, undefined, JSON.stringify(answer.error));
    return answer.result;
  }
}
