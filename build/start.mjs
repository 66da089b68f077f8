import { become, buildWhenStale, findNode, install, say } from './setup.mjs';

/** `npm start`: sets up what is missing, then runs the daemon here. Arguments and environment are handed on. */
install();
const node = findNode();
buildWhenStale(node);
say('This version has no tray app yet: the daemon runs here in the foreground, Ctrl+C stops it.');
say('The entry for an editor window, ready to paste: npx exai editor-config (and --window 2 for the second)');
say('The dashboard, with a ticket for your browser: npx exai dashboard --open');
become(node, ['dist/daemon.js', ...process.argv.slice(2)]);
