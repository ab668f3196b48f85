/** Builds the app of `trainer.js page` into the package, so that who installs it needs none of this. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at('.'),
  // A page may lie anywhere on a server.
  base: './',
  build: { outDir: at('../../../dist/runtime/page/app'), emptyOutDir: true, target: 'es2022', modulePreload: false },
  worker: { format: 'es' },
  logLevel: 'warn',
});
