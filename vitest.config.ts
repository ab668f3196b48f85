import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^pcrec$/, replacement: at('./dsl/index.ts') },
      { find: /^pcrec\/(compiler|runtime)$/, replacement: at('./$1/index.ts') },
      { find: 'pcrec/browser', replacement: at('./runtime/browser.ts') },
      { find: /^pcrec\/models\/(.*)$/, replacement: at('./models/$1.ts') },
    ],
  },
  test: {
    setupFiles: ['test/setup.ts'],
    include: ['test/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
