import { loadSettings } from '../platform/load-settings.ts';
import { requireNode } from '../platform/node-version.ts';
import { reportBadConfiguration } from './bad-configuration.ts';
import { runShim } from './shim.ts';
import { claimStdout } from './stdout-guard.ts';

requireNode();
const stdout = claimStdout(process);
const loaded = loadSettings('shim', { env: process.env });
if (loaded.type === 'invalid') {
  process.exitCode = loaded.exitCode;
  void reportBadConfiguration(loaded, process.env);
} else {
  runShim({ loaded, stdout, shimFolder: import.meta.dirname });
}
