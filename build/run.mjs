import { become, buildWhenStale, fail, findNode, install } from './setup.mjs';

/** `node build/run.mjs file.ts [argument …]`: sets up what is missing, then runs a TypeScript file on Node 24. */
const args = process.argv.slice(2);
if (args.length === 0) fail('Usage: node build/run.mjs file.ts [argument …]');
install();
const node = findNode();
buildWhenStale(node);
become(node, args);
