import { interopRows } from './interop/requirements.ts';
import { packagingRows } from './packaging/requirements.ts';

/**
 * Every promise that a test must cite in its title. `WIRE-…` are the golden rows of docs/protocol.md, `PF-…` the known
 * failures of the predecessor, `SHIM-S…` the duties of the shim, `LIVE-…` what surfaces show, `TRAY-…` the tray app, `BAD-…` the inputs that
 * must be survived.
 */
export interface Requirement {
  readonly id: string;
  readonly promise: string;
}

const rows: readonly (readonly [string, string])[] = [
  // Main job
  [
    'MAIN-two-windows',
    'two clients call tools at once through one daemon, each under its own identity, in its own log',
  ],
  ['MAIN-same-env', 'two shims with the same environment are two sessions, visibly numbered, with two log files'],
  ['MAIN-entry-points', 'dist/daemon.js prints one ready line, logs to stderr and files, drains on SIGTERM and SIGINT'],
  [
    'MAIN-exit-codes',
    'taken port names its owner’s pid and command (12), second daemon (11), bad value names its variable (78)',
  ],
  ['MAIN-private-state', 'secret files are 0600 in 0700 directories and refused when others can read them'],
  ['MAIN-concurrent', 'requests of one connection run concurrently'],
  ['MAIN-server-name', 'each instance has its own serverInfo.name'],
  ['MAIN-broken-socket', 'the daemon frees a session on a broken socket alone'],
  ['MAIN-exactly-once', 'a call runs exactly once across a dropped connection'],
  ['MAIN-honest-crash', 'mayHaveRun is honest across a crash of the daemon'],
  ['MAIN-local-first', 'the shim takes the local socket first and TCP second'],
  ['MAIN-builtin-tools', 'version, listmodels, status, health, activity, provider_capabilities answer'],
  ['TOKEN-rotate-ops', 'a token is rotated over ops'],
  ['TOKEN-rotate-cli', 'a token is rotated with `exai token rotate`'],
  ['TOKEN-crash-safe', 'rotation survives a crash between any two steps'],
  ['TOKEN-sessions-live', 'running sessions live through a rotation; new connections need the new token'],
  ['TOKEN-shims-follow', 'shims pick the new token up at their next connect'],

  // Admin API and dashboard
  ['LIVE-admin-never-client-token', 'no credential of a client opens the admin API'],
  ['LIVE-csrf', 'no other origin, site or port of this host can act through the cookie of a browser'],
  ['LIVE-ticket-once', 'a ticket lets one browser in, once, within a minute; guessing is slowed down'],
  [
    'LIVE-ui-session-expiry',
    'a browser session ends after 15 minutes without use, at sign-out, and when it is pushed out',
  ],
  ['LIVE-ui-session-restart', 'a page goes on after a restart of the daemon; one that has signed out does not'],
  ['LIVE-two-daemons', "two daemons of one host do not sign each other's pages out"],
  ['LIVE-secrets-unlogged', 'ticket, cookie and key of a browser are in no log'],
  ['LIVE-body-limit', 'a body of the admin API is counted while it comes in and refused over 1 MiB'],
  ['LIVE-static', 'the interface is served with a strict policy, compressed, and cached where its name has a hash'],
  ['LIVE-static-traversal', 'no path leads out of the folder of the interface'],
  ['LIVE-dashboard-port', 'the dashboard has a port of its own when asked, without anything that is for clients'],
  ['LIVE-dashboard-command', '`exai dashboard` gives an address that lets one browser in'],
  ['LIVE-log-traversal', 'only the logs in the list can be read, whatever the name that is asked for'],
  [
    'LIVE-log-follow',
    'a log is followed over its rotations, nothing lost and nothing twice; a slow reader is told what it misses',
  ],
  [
    'LIVE-settings',
    'settings are shown with their place, and stored all or none after a check that the daemon would start',
  ],
  ['LIVE-capacity-persist', 'a limit changed while the daemon runs takes effect at once and holds at the next start'],
  ['LIVE-openapi', 'the table of the admin API is served as an OpenAPI 3.1 document'],
  ['LIVE-reveal-token', 'the token is shown to an admin who asks, and its value is in no log'],

  // Golden rows of the wire specification
  ...numbered('WIRE-H', 17, 'handshake row'),
  ...numbered('WIRE-O', 13, 'ops row'),
  ...numbered('WIRE-M', 7, 'mcp row'),
  ['WIRE-M9', 'token file rotated during the handshake'],
  ['WIRE-M10', 'sleep of ten minutes'],
  ...numbered('WIRE-C', 5, 'capacity row'),
  ...numbered('WIRE-F', 6, 'file row'),

  // Duties of the shim
  ...numbered('SHIM-S', 18, 'duty'),

  // Known failures of the predecessor that concern what exists
  ...named('PF-', ['W3', 'W5', 'W7', 'H1', 'H2', 'H3', 'H4', 'L1', 'L2', 'L3', 'L4', 'L5']),
  ...named('PF-', [
    'D1',
    'D2',
    'D3',
    'D4',
    'D5',
    'D6',
    'D7',
    'D8',
    'D9',
    'R1',
    'R2',
    'R3',
    'R4',
    'R5',
    'R6',
    'R7',
    'R8',
    'R9',
  ]),
  ...named('PF-', [
    'P1',
    'P2',
    'P3',
    'P4',
    'P5',
    'P6',
    'P7',
    'P8',
    'P9',
    'C1',
    'C2',
    'C3',
    'C4',
    'C5',
    'C6',
    'C8',
    'C9',
  ]),
  ...named('PF-', [
    'T1',
    'T2',
    'T3',
    'T4',
    'X1',
    'X3',
    'X4',
    'A1',
    'A2',
    'A3',
    'A4',
    'A5',
    'A6',
    'S1',
    'S2',
    'S3',
    'S4',
  ]),
  ...named('PF-', ['B5', 'G1', 'G2', 'G3', 'G4', 'G5']),

  // Tray app
  ['TRAY-own-daemon', 'the tray starts its daemon, drains and stops it, and leaves no process behind'],
  ['TRAY-restart', 'a daemon that dies is started again after a growing pause'],
  ['TRAY-crash-loop', 'after five crashes in two minutes the tray gives up and shows the last lines of stderr'],
  ['TRAY-adopt', 'a running daemon is adopted by its discovery file, proof, pid and start time'],
  ['TRAY-killed', 'a killed tray takes no daemon with it'],
  ['TRAY-other-version', 'a daemon of another version is adopted and says so'],
  ['TRAY-stopped-outside', 'a daemon that was stopped in order stays stopped'],
  ['TRAY-port-taken', 'a taken port names its holder and leads to the next free one'],
  ['TRAY-bad-settings', 'a daemon that refuses its settings fails at once with its own words'],
  ['TRAY-suspend', 'silence while the machine slept does not count against the daemon'],
  ['TRAY-menu', 'the menu is one model: rows stay where they are and are disabled instead of leaving'],
  ['TRAY-icon', 'the icon says the worst that is true, by shape and colour'],
  ['TRAY-login', 'the login item starts the app hidden, respects the desktop’s own switch, and follows an AppImage'],
  ['TRAY-settings', 'settings have a schema and numbered migrations; what cannot be read is set aside'],
  ['TRAY-profiles', 'several daemons, each with its own port, token and state directory'],
  ['TRAY-place', 'the window opens where it was, else near the icon, always in view'],
  ['TRAY-links', 'the window shows its own page only and opens listed hosts only'],
  ['TRAY-api', 'the page reaches the admin API through the app, and never holds the secret'],
  ['TRAY-rotate', 'one click in the menu rotates the token and shows the result'],
  ['TRAY-payload', 'a program outside the asar that was changed after packing is not started'],
  ['TRAY-calm', 'tray and window are drawn when something changed, at most twice a second'],
  ['TRAY-window', 'the window shows the real interface of the daemon, and the tray says the same'],
  [
    'TRAY-bridge',
    'the page has at most ten verbs, each checked by sender and payload, and nothing of Electron or Node',
  ],
  ['TRAY-follows', 'icon, menu and window follow the daemon, down and up'],
  ['TRAY-quit', 'a quit asks only when windows are connected: cancel, keep the daemon, stop everything'],
  ['TRAY-single', 'a second start shows the window of the first'],
  ['TRAY-close', 'closing hides the window, and says so once'],
  ['TRAY-no-host', 'a desktop without tray icons gets a normal window'],
  ['TRAY-clipboard', 'a config goes to the clipboard; what must not stay there is taken off again'],
  ['TRAY-hung', 'a daemon that does not answer is ended and started again'],

  // History of calls
  ['HIST-recorded', 'a finished call is one row of the history within a second, however it ended'],
  ['HIST-once', 'a call that is written twice is one row'],
  ['HIST-filters', 'history is filtered by session, instance, tool, outcome, time and text, all at once'],
  ['HIST-pages', 'pages hold every row exactly once while rows are added'],
  ['HIST-facets', 'history tells what it can be filtered by'],
  ['HIST-series', 'buckets hold calls, errors, refusals, exact percentiles and the most calls at once'],
  ['HIST-retention', 'calls older than EXAI_HISTORY_DAYS go, and their room with them'],
  ['HIST-clear', 'clearing deletes what matches and what was written by then'],
  ['HIST-export', 'an export holds every row that matches, at the pace of its reader'],
  ['HIST-csv', 'CSV is RFC 4180 and no cell is a formula'],
  ['HIST-arguments', 'arguments are kept only when that is asked for, and never a secret'],
  ['HIST-private', 'the files of the history are 0600'],
  ['HIST-crash', 'after kill -9 the history opens, has no call twice and lacks a second at most'],
  ['HIST-full-disk', 'on a full disk calls go on and rows wait'],
  ['HIST-locked', 'while another program holds the file calls go on and rows wait'],
  ['HIST-newer', 'a file of a later version is left as it is'],
  ['HIST-damaged', 'a damaged file is moved aside and a new one begun'],
  ['HIST-degraded', 'a history that cannot be used degrades health and no more'],
  ['HIST-idle', 'a history that nobody uses costs no thread, and is there again for the next call'],
  ['HIST-off', 'without a history its routes answer a plain sentence'],

  // What is true now
  ['LIVE-snapshot-first', 'a reader of the feed gets everything first, then changes with consecutive numbers'],
  ['LIVE-deltas-equal-snapshot', 'snapshot and deltas together are what a fresh snapshot says'],
  ['LIVE-slow-reader', 'a reader that does not keep up is cut and told so; the others notice nothing'],
  ['LIVE-heartbeat', 'silence of the feed is broken every 5 s'],
  ['LIVE-daemon-stops', 'the last line of a feed says that the daemon stops'],
  ['LIVE-idle-cost', 'without a reader nothing is built, and a call pays for counters only'],
  ['LIVE-no-flicker', 'a call that ends within one frame never appears'],
  ['LIVE-counters', 'calls, errors and latency per session and in total, since local midnight'],
  ['LIVE-session-order', 'sessions stay in order of connecting; an ended one stays for 3 s'],
  ['LIVE-cancel-exact', 'an admin cancels exactly one call, running or queued, and its client is told'],
  ['LIVE-session-ops', 'an admin renames, disconnects and reconnects a session; reconnecting loses no call'],
  ['LIVE-pause', 'a paused daemon refuses new calls, says why, and finishes what runs'],
  ['LIVE-rotation-rows', 'a rotation shows who is on the new token, who follows, and who needs help'],
  ['LIVE-problems', 'problems appear with their cause and go away by themselves'],
  ['LIVE-preview-bounded', 'the preview of arguments is short, masked, and cheap for 10 MB'],
  ['LIVE-text-is-text', 'HTML in a name or an argument stays text'],
  ['LIVE-log-source', 'a session names the log of its shim'],

  // Acceptance lines of the interface, by their numbers. 3 and 4 (Stop) need a host that owns the daemon and come with the
  // tray app, as do 29 and 43; 13–22 come with adding an editor.
  ['UI-1', 'the overview shows state, uptime, every session and every call'],
  ['UI-2', 'two windows with one config are two rows, two details, two logs'],
  ['UI-5', 'without a session the way to the first is offered, and it appears without a reload'],
  ['UI-6', 'savings that were not measured are not shown; measured ones come with hosted servers'],
  ['UI-7', 'a waiting call tells its place in line'],
  ['UI-8', 'cancelling a row cancels exactly that call'],
  ['UI-9', 'a call of 100 ms never gets a row and is counted'],
  ['UI-10', 'a full provider says so in figures and words'],
  ['UI-11', 'a refusal is a problem for a minute'],
  ['UI-12', 'rows under a resting pointer do not move'],
  ['UI-23', 'one click rotates the token without a question, and every window proves it'],
  ['UI-24', 'a client with a pasted token is told apart'],
  ['UI-25', 'a failed rotation leaves the old token valid, and says so'],
  ['UI-26', 'a copied token leaves the clipboard after a minute'],
  ['UI-27', 'the token is nowhere in page, storage or address'],
  ['UI-28', 'a killed daemon is seen at once, and the page comes back by itself'],
  ['UI-30', 'after a cut feed the lists are those of a fresh snapshot'],
  ['UI-31', 'the address is the filter of the activity'],
  ['UI-32', 'new calls wait while the list is scrolled'],
  ['UI-33', 'the export has the columns and rows of the filter and no formula'],
  ['UI-34', 'four charts, each with words and a table'],
  ['UI-35', 'nothing scrolls sideways at 340 × 420, and every button can be hit'],
  ['UI-36', 'the keyboard reaches everything, and the focus is visible'],
  ['UI-37', 'axe finds nothing on any screen in both themes, forced colours and from right to left'],
  ['UI-38', 'who wants no motion gets none'],
  ['UI-39', 'ages tick without a request'],
  ['UI-40', 'the time to the first data is marked'],
  ['UI-41', 'under a flood the page renders ten times a second at most and does not grow'],
  ['UI-42', 'ten thousand rows are sixty in the page'],
  ['LIVE-session-filter', 'the session filter of the dashboard rules charts, tables and export'],

  // Bad input
  ['BAD-token', 'bad token'],
  ['BAD-empty-token-file', 'empty token file'],
  ['BAD-world-readable', 'world-readable token file'],
  ['BAD-value', 'a setting with a bad value'],
  ['BAD-unknown-op', 'unknown op'],
  ['BAD-not-json', 'not JSON'],
  ['BAD-not-object', 'JSON that is no object'],
  ['BAD-binary', 'binary frame'],
  ['BAD-oversized', 'oversized frame before and after hello'],
  ['BAD-no-hello', 'no hello in time'],
  ['BAD-host', 'wrong Host'],
  ['BAD-origin', 'foreign Origin'],
  ['BAD-duplicate-id', 'duplicate JSON-RPC id in flight'],
  ['BAD-id-type', 'id of the wrong type'],
  ['BAD-half-open', 'a thousand half-open sockets'],
  ['BAD-never-reads', 'a client that never reads'],
  ['BAD-mid-frame', 'a client that stops in mid-frame'],
  ['BAD-env-inline-comments', '.env with inline comments and blanks'],
  ['BAD-port-taken', 'port taken'],
  ['BAD-stale-discovery', 'stale discovery file'],
  ['BAD-stale-socket', 'stale socket file'],
  ['BAD-read-only-home', 'read-only home'],
  ['BAD-full-disk', 'full disk on the metrics log'],
  ['BAD-clock-jump', 'clock jump'],
  ['BAD-suspend', 'suspend of ten minutes'],

  // Other MCP clients
  ...interopRows,

  // Icons and packages
  ...packagingRows,
];

export const requirements: readonly Requirement[] = rows.map(([id, promise]) => ({ id, promise }));

function numbered(prefix: string, count: number, promise: string): (readonly [string, string])[] {
  return Array.from({ length: count }, (_, index) => [`${prefix}${index + 1}`, promise] as const);
}

function named(prefix: string, names: readonly string[]): (readonly [string, string])[] {
  return names.map((name) => [`${prefix}${name}`, 'known failure of the predecessor'] as const);
}
