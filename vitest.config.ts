import { defineConfig } from 'vitest/config';

const folders = '{protocol,platform,daemon,shim,cli,renderer,electron}';

export default defineConfig({
  test: {
    allowOnly: process.env['CI'] === undefined,
    projects: [
      {
        extends: true,
        // Style sheets are read, not left out: a test computes contrasts from them.
        test: { name: 'unit', include: [`${folders}/**/*.test.{ts,tsx}`], css: true, testTimeout: 20_000 },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: [`${folders}/**/*.contract.ts`, 'test/contract/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/process/**/*.test.ts', 'test/golden/**/*.test.ts'],
          globalSetup: ['build/vitest-setup.mjs'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          globalSetup: ['build/vitest-setup.mjs'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'ui',
          include: ['test/ui/**/*.test.ts'],
          globalSetup: ['build/vitest-setup.mjs'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'packaging',
          include: ['test/packaging/**/*.test.ts'],
          globalSetup: ['build/vitest-setup.mjs'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'tray-host',
          include: ['test/e2e-tray/tray-host/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'architecture',
          include: ['test/architecture/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
