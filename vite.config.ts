import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The interface. `base` is relative: the daemon serves it at `/`, the app's window loads it from a file. */
export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'es2023',
    // The policy allows no data: addresses and no inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
