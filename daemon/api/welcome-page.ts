import { version } from '../../protocol/version.ts';
import type { DaemonStatus } from '../observe/status.ts';

/** What a person sees who opens the daemon's address: that it runs, and where to look. No data that needs a credential. */
export function welcomePage(status: DaemonStatus): string {
  const auth =
    status.authPolicy === 'open'
      ? 'Authentication is off: every program on this machine may connect. <code>exai token rotate</code> turns it on.'
      : 'Clients need a token.';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>EXAI daemon</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin-bottom: 0.25rem; }
p { margin: 0.5rem 0; }
code { font: 0.9em ui-monospace, monospace; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.25rem 1rem; margin: 1.5rem 0; }
dt { opacity: 0.75; }
dd { margin: 0; }
</style>
</head>
<body>
<h1>EXAI daemon is running</h1>
<p>Version ${version}. ${auth}</p>
<dl>
<dt>Health</dt><dd><a href="/health">/health</a></dd>
<dt>Metrics</dt><dd><a href="/metrics">/metrics</a></dd>
<dt>Windows and calls</dt><dd><code>exai status</code>, <code>exai sessions</code></dd>
</dl>
</body>
</html>
`;
}
