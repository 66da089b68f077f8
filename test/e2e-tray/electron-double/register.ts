import { registerHooks } from 'node:module';

/**
 * Makes `electron` mean the double in this process: `node --import register.ts dist/main.js`. What it cannot show stands in
 * README.md.
 */
const double = new URL('./electron.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: double, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
});

// What Electron adds to `process`.
Object.assign(process, { type: 'browser', resourcesPath: process.cwd() });
