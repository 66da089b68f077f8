import { createEditorFiles } from '../../daemon/editors/editor-files.ts';
import { sampleSpec } from '../../daemon/editors/testing/specs.ts';

/** Adds and removes an entry until it is killed: `node toggle-entry.ts <state dir> <file>`. */
const [stateDir = '', path = ''] = process.argv.slice(2);
const files = createEditorFiles({ stateDir });
const target = {
  editor: 'vscode',
  place: 'user',
  path,
  grammar: 'jsonc',
  root: ['servers'],
  holder: 'map',
  form: 'typed',
} as const;

process.stdout.write('ready\n');
for (;;) {
  const isThere = files.findOurEntries(target, []);
  const change = isThere.type === 'found' && isThere.entries.length > 0 ? 'remove' : 'add';
  const plan = files.plan({ target, change, spec: sampleSpec() });
  if (plan.type === 'refused') throw new Error(plan.message);
  // One after the other: each plan is made for what the last one wrote.
  // oxlint-disable-next-line no-await-in-loop
  const result = await files.apply(plan);
  if (result.type === 'refused') throw new Error(result.message);
}
