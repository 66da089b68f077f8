export const status = {
  running: 'Running',
  starting: 'Starting…',
  paused: 'Paused, running calls finish',
  draining: {
    one: 'Draining, {count} call left',
    other: 'Draining, {count} calls left',
  },
  stopped: 'Stopped',
  stopping: 'Stopping…',
  failed: 'Failed',
  reconnecting: 'Reconnecting…',
  connecting: 'Connecting…',
  attention: 'Needs attention',
  expired: 'Signed out',
  notAnswering: 'Not answering',
  /** Spoken when the state changes. */
  announce: 'Status: {state}',
  staleBanner: 'Reconnecting… last update {time}',
  readOnlyBanner: 'You can look but not change: this page is read-only.',
  authOffBanner: 'The token is off. Every program on this computer can call your tools.',
  authOffAction: 'Turn on',
};
