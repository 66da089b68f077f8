// Who may import whom: one rule per row of docs/architecture.md, section 4.
// Type imports count too (tsPreCompilationDeps), unless a rule says otherwise.

/** Tests beside sources; they may use the test tools besides what their folder may use. */
const tests = '[.](test|contract)[.]tsx?$';
const testTools = '^node_modules/(vitest|fast-check)/';

/**
 * `folder` imports itself and `paths` only; its tests also the test tools and Node.
 * @param {{ folder: string, paths?: string[], node: boolean }} row
 */
function onlyImports({ folder, paths = [], node }) {
  const allowed = [`^${folder}/`, ...paths];
  const core = { dependencyTypesNot: ['core'] };
  return [
    {
      name: `${folder}-imports`,
      severity: 'error',
      from: { path: `^${folder}/`, pathNot: tests },
      to: { pathNot: allowed, ...(node ? core : {}) },
    },
    {
      name: `${folder}-tests-import`,
      severity: 'error',
      from: { path: `^${folder}/.*${tests}` },
      to: { pathNot: [...allowed, testTools], ...core },
    },
  ];
}

module.exports = {
  forbidden: [
    {
      name: 'could-not-resolve',
      comment: 'An import that resolves to nothing would pass every other rule unseen.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      comment: 'Cycles of types only are harmless: they are erased.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'What ships belongs in dependencies.',
      severity: 'error',
      from: { pathNot: tests },
      // Electron is not a package of the app: the app is packed into it.
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '^node_modules/electron/' },
    },
    ...onlyImports({ folder: 'protocol', paths: ['^node_modules/zod/'], node: false }),
    ...onlyImports({ folder: 'platform', paths: ['^protocol/', '^node_modules/env-paths/'], node: true }),
    ...onlyImports({ folder: 'shim', paths: ['^protocol/', '^platform/', '^node_modules/(ws|zod)/'], node: true }),
    {
      name: 'shim-no-zod-at-run-time',
      comment: 'The direct import; test/architecture checks what is reached through others, the build what is bundled.',
      severity: 'error',
      from: { path: '^shim/', pathNot: tests },
      to: { path: '^node_modules/zod/', dependencyTypesNot: ['type-only'] },
    },
    ...onlyImports({
      folder: 'renderer',
      paths: ['^protocol/', '^node_modules/(react|react-dom|zustand|zod|uplot|@types/react|@types/react-dom)/'],
      node: false,
    }),
    {
      name: 'renderer-features-stay-apart',
      comment:
        'What two screens share lives in ui (plain) or parts (knows sessions, calls, caps); screens.tsx puts them together.',
      severity: 'error',
      from: { path: '^renderer/features/([^/]+)/' },
      to: { path: '^renderer/(features/(?!$1/)|shell/|app[.]tsx|screens[.]tsx|main[.]tsx)' },
    },
    {
      name: 'renderer-layers',
      comment: 'ui, parts, state, api and host never reach up to screens and frame.',
      severity: 'error',
      from: { path: '^renderer/(ui|parts|state|api|host|strings|shell)/' },
      to: { path: '^renderer/(features/|app[.]tsx|screens[.]tsx|main[.]tsx)' },
    },
    {
      name: 'renderer-ui-knows-no-parts',
      severity: 'error',
      from: { path: '^renderer/(ui|state|api|host|strings)/' },
      to: { path: '^renderer/(parts|shell)/' },
    },
    {
      name: 'nobody-imports-renderer',
      severity: 'error',
      from: { pathNot: ['^renderer/', '^test/'] },
      to: { path: '^renderer/' },
    },
    ...onlyImports({ folder: 'electron/core', paths: ['^protocol/', '^platform/', '^node_modules/zod/'], node: true }),
    {
      name: 'electron-shell-imports',
      comment: 'main, preload and shell adapt Electron; daemon, cli, shim and renderer are other processes.',
      severity: 'error',
      from: { path: '^electron/(shell/|main[.]ts|preload[.]ts)' },
      to: {
        pathNot: [
          '^electron/',
          '^protocol/',
          '^platform/',
          '^node_modules/(electron|electron-store|electron-updater)/',
        ],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'electron-only-in-its-shell',
      comment: 'Everything else runs under plain Node and is tested there.',
      severity: 'error',
      from: { pathNot: '^(electron/(shell/|main[.]ts|preload[.]ts)|test/e2e-tray/)' },
      to: { path: '^node_modules/(electron|electron-store|electron-updater)/' },
    },
    {
      name: 'preload-knows-names-only',
      comment: 'It is loaded into every page; schemas stay in main and in the page.',
      severity: 'error',
      from: { path: '^electron/preload[.]ts' },
      to: { pathNot: ['^protocol/host-verbs[.]ts', '^node_modules/electron/'] },
    },
    {
      name: 'nobody-imports-electron',
      severity: 'error',
      from: { pathNot: ['^electron/', '^test/'] },
      to: { path: '^electron/' },
    },
    {
      name: 'cli-speaks-api',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^(daemon|shim)/' },
    },
    {
      name: 'daemon-walls',
      severity: 'error',
      from: { path: '^daemon/' },
      to: { path: '^(shim|cli)/' },
    },
    {
      name: 'edges-import-features',
      comment: 'listen, gateway and api are edges: features announce, they never call an edge.',
      severity: 'error',
      from: { path: '^daemon/[^/]+/', pathNot: '^daemon/(listen|gateway|api)/' },
      to: { path: '^daemon/(listen|gateway|api)/' },
    },
    {
      name: 'mcp-sdk-only-in-daemon-mcp',
      severity: 'error',
      from: { pathNot: '^(daemon/mcp|test)/' },
      to: { path: '^node_modules/@modelcontextprotocol/' },
    },
    {
      name: 'product-never-imports-test-or-build',
      severity: 'error',
      from: { pathNot: ['^(test|build)/', tests] },
      to: { path: '^(test|build)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.cruise.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
