/** What a package for Linux holds, file by file: a change of it is a change here, and is read. */

const states = ['attention', 'error', 'idle', 'starting', 'starting-b', 'stopped', 'working'];
const trayFiles = states.flatMap((state) => [
  `${state}-dark.png`,
  `${state}-dark@2x.png`,
  `${state}-light.png`,
  `${state}-light@2x.png`,
]);

export const asarFiles = [
  'package.json',
  'dist/main.js',
  'dist/preload.cjs',
  'dist/bin-hashes.json',
  ...trayFiles.map((name) => `dist/resources/tray/linux/${name}`),
  'dist/resources/icon/16x16.png',
  'dist/resources/icon/22x22.png',
  'dist/resources/icon/24x24.png',
  'dist/resources/icon/32x32.png',
  'dist/resources/icon/48x48.png',
  'dist/resources/icon/64x64.png',
  'dist/resources/icon/128x128.png',
  'dist/resources/icon/256x256.png',
  'dist/resources/icon/512x512.png',
];

/** What the interface is cut into is the bundler's business: of the files with a hash in their names only the kinds are listed. */
export const binFiles = [
  'cli.js',
  'daemon.js',
  'history-worker.js',
  'package.json',
  'shim.js',
  'renderer/favicon.svg',
  'renderer/index.html',
  'renderer/theme.js',
  'renderer/assets/*.css',
  'renderer/assets/*.js',
];

/** What Electron reads in the app's package.json. */
export const appFacts = { type: 'commonjs', main: 'dist/main.js', desktopName: 'exai-tray.desktop' };

/** Fuses of the packed program; docs/packaging.md says why. */
export const fuses = {
  RunAsNode: true,
  EnableCookieEncryption: false,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  GrantFileProtocolExtraPrivileges: false,
};
