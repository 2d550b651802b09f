import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^holdfast$/, replacement: here('./src/index.ts') },
      { find: /^holdfast\/sqlite$/, replacement: here('./src/sources/sqlite/index.ts') },
      { find: /^holdfast\/testing$/, replacement: here('./src/testing/index.ts') },
      { find: /^holdfast\/observe$/, replacement: here('./src/observe/index.ts') },
    ],
  },
  test: { include: ['test/**/*.test.ts'], pool: 'forks', testTimeout: 20_000 },
});
