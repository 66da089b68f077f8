import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';

/**
 * Stands in for an unpacked Electron where the real one cannot be fetched: a program that is Node when it is told to be, with a
 * fuse wire like Electron's (every fuse as shipped), so that electron-builder sets fuses in it and they can be read back.
 */

/** Marks the place of the fuses in Electron's program (electron/fuses), then version 1, eight fuses, each '0' or '1'. */
const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const asShipped = Buffer.from([1, 8, ...Buffer.from('10110001')]);

export async function makeStub(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(`${folder}/resources`, { recursive: true });
  const script = [
    '#!/bin/sh',
    '[ -n "$ELECTRON_RUN_AS_NODE" ] || { echo "This is no Electron." >&2; exit 1; }',
    'exec node "$@"',
    `: ${sentinel}`,
  ].join('\n');
  await writeFile(`${folder}/electron`, Buffer.concat([Buffer.from(script), asShipped, Buffer.from('\n')]));
  await mkdir(`${folder}/locales`);
  for (const language of ['de', 'en-US']) await writeFile(`${folder}/locales/${language}.pak`, '');
  await chmod(`${folder}/electron`, 0o755);
}
