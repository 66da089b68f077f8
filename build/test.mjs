import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findNode, install } from './setup.mjs';

/**
 * `npm test`: sets up what is missing, then runs every check, also after one has failed.
 * The last line is `N passed, N failed`; each static check counts as one, Vitest's tests one by one.
 */
install();
const node = findNode();
const bin = join(process.cwd(), 'node_modules/.bin');
const env = { ...process.env, PATH: [dirname(node), bin, process.env.PATH].join(delimiter) };
if (!process.stdout.isTTY) {
  env.NO_COLOR = '1'; // some tools colour a log file too
  delete env.FORCE_COLOR;
}

let passed = 0;
let failed = 0;
const failures = [];

for (const script of ['types', 'lint', 'format:check', 'layers', 'dead', 'build']) {
  print(`\n── ${script}`);
  if (run('npm', ['run', '--silent', script]) === 0) passed += 1;
  else fail(script);
}

print('\n── vitest');
const folder = mkdtempSync(join(tmpdir(), 'exai-test-'));
try {
  const report = join(folder, 'vitest.json');
  const status = run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  const failedBefore = failed;
  if (existsSync(report)) count(JSON.parse(readFileSync(report, 'utf8')));
  // An error outside any test (global set-up, unhandled rejection, no test at all) shows in the exit code only.
  if (status !== 0 && failed === failedBefore) fail('vitest: an error outside the tests, see above');

  print('\n── playwright');
  runPlaywright(join(folder, 'playwright.json'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (failures.length > 0) print(`\nFailed:\n${failures.map((name) => `  ${name}`).join('\n')}`);
print(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit', env, shell: process.platform === 'win32' }).status;
}

function count(report) {
  let skipped = 0;
  for (const file of report.testResults) {
    let failedHere = 0;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') {
        failedHere += 1;
        fail(`${file.name}: ${test.fullName}`);
      } else skipped += 1;
    }
    if (file.status === 'failed' && failedHere === 0) fail(`${file.name}: the file itself`);
  }
  if (skipped > 0) print(`${skipped} skipped`);
}

/** Browser tests. Where no Chromium is found the configuration says why and has none. */
function runPlaywright(report) {
  env.PLAYWRIGHT_JSON_OUTPUT_FILE = report;
  const failedBefore = failed;
  const status = run('playwright', ['test', '--project=e2e*', '--pass-with-no-tests', '--reporter=list,json']);
  if (existsSync(report)) countSuites(JSON.parse(readFileSync(report, 'utf8')).suites, '');
  if (status !== 0 && failed === failedBefore) fail('playwright: an error outside the tests, see above');
}

function countSuites(suites, above) {
  for (const suite of suites ?? []) {
    for (const spec of suite.specs) {
      if (spec.ok) passed += 1;
      else fail(`${suite.file}: ${above}${spec.title}`);
    }
    countSuites(suite.suites, `${above}${suite.title} `);
  }
}

function fail(name) {
  failed += 1;
  failures.push(name);
}

function print(text) {
  process.stdout.write(`${text}\n`);
}
