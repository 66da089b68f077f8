import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { sep } from 'node:path';
import { listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { hashPayload } from './bin-hashes.mjs';
import { appFacts, asarFiles, binFiles, fuses } from './pack-contents.mjs';
import { makeStub } from './pack-stub.mjs';
import { packedJson } from './packed-app.mjs';

/**
 * `npm run pack:check`: packs dist/ for Linux around a stand-in for Electron, into release/linux-unpacked, and compares every
 * file, hash and fuse with what it must be. Shows what is packed, not that Electron runs it: pack-smoke.mjs does that.
 */

const app = 'release/linux-unpacked';
const problems = [];

await makeStub('.stub');
await rm(app, { recursive: true, force: true });
const builder = ['node_modules/electron-builder/cli.js', '--linux', 'dir', '--publish', 'never'];
const made = spawnSync(process.execPath, [...builder, '-c.electronDist=.stub'], { encoding: 'utf8' });
if (made.status !== 0) {
  process.stderr.write(made.stdout + made.stderr);
  process.exit(1);
}

const asar = `${app}/resources/app.asar`;
const folders = new Set(asarFiles.flatMap((name) => parents(name)));
const packed = listPackage(asar, { isPack: false }).map((name) => name.replaceAll(sep, '/').slice(1));
compare(
  'app.asar',
  packed.filter((name) => !folders.has(name)),
  asarFiles,
);

const bin = globSync('**/*', { cwd: `${app}/resources/bin`, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll(sep, '/').replace(/^.*\/resources\/bin\//, ''));
compare('resources/bin', bin.map(withoutHash), binFiles);
compare('locales', globSync('*', { cwd: `${app}/locales` }), ['en-US.pak']);

const hashes = packedJson(asar, 'dist/bin-hashes.json');
const actual = await hashPayload(`${app}/resources/bin`);
compare('bin-hashes.json', Object.entries(hashes).map(String), Object.entries(actual).map(String));

const { type } = JSON.parse(await readFile(`${app}/resources/bin/package.json`, 'utf8'));
if (type !== 'commonjs') problems.push(`resources/bin/package.json: type is ${type}, so the bundles would not start`);
const manifest = packedJson(asar, 'package.json');
for (const [name, wanted] of Object.entries(appFacts)) {
  if (manifest[name] !== wanted) problems.push(`app.asar package.json: ${name} is ${manifest[name]}, not ${wanted}`);
}

const wire = await getCurrentFuseWire(`${app}/exai-tray`);
for (const [name, wanted] of Object.entries(fuses)) {
  const isOn = wire[FuseV1Options[name]] === '1'.charCodeAt(0);
  if (isOn !== wanted) problems.push(`fuse ${name} is ${isOn ? 'on' : 'off'}`);
}

if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(`pack ok: ${packed.length} entries in app.asar, ${bin.length} files in resources/bin\n`);

function compare(where, found, wanted) {
  for (const name of found) if (!wanted.includes(name)) problems.push(`${where}: ${name} should not be there`);
  for (const name of wanted) if (!found.includes(name)) problems.push(`${where}: ${name} is missing`);
}

/** `renderer/assets/index-BX3_a9Qk.js` → `renderer/assets/*.js` */
function withoutHash(name) {
  return name.replace(/^(renderer\/assets\/).+-[\w-]{8}([.]\w+)$/, '$1*$2');
}

function parents(name) {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
