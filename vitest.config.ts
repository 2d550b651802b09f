import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Tests that start processes, browsers or package managers: one file at a time, after the others, with time to spare. */
const heavy = ['test/e2e/**/*.test.ts', 'test/package/**/*.test.ts', 'test/mutants/**/*.test.ts'];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^holdfast$/, replacement: here('./src/index.ts') },
      { find: /^holdfast\/sqlite$/, replacement: here('./src/sources/sqlite/index.ts') },
      { find: /^holdfast\/postgres$/, replacement: here('./src/sources/postgres/index.ts') },
      { find: /^holdfast\/express-session$/, replacement: here('./src/express-session/index.ts') },
      { find: /^holdfast\/testing$/, replacement: here('./src/testing/index.ts') },
      { find: /^holdfast\/observe$/, replacement: here('./src/observe/index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    reporters: ['default'],
    setupFiles: [here('./test/seed.ts')],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: heavy,
          maxWorkers: 2,
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: heavy,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
