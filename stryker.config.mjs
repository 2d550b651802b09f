/**
 * Mutation testing of supervision and the runtime below it: `npm run mutation`. It takes hours, so it is no part of CI; one file
 * takes minutes: `npm run mutation -- --mutate supervisors/intensity.ts`. What it came to is in test/conformance/mutation.md.
 * A file that the instrumenter breaks fails to load, and the first run says nothing of it: look at how many tests it ran.
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  // What runs only while a module loads would need a fresh context for each mutant.
  ignoreStatic: true,
  mutate: ['supervisors/**/*.ts', 'src/runtime/**/*.ts', '!**/index.ts'],
  // Most strings are words for people. Those that decide something are compared, and the comparison is mutated.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignorePatterns: [
    'dist',
    'docs',
    'var',
    'coverage',
    'reports',
    '.changeset',
    'test/{e2e,package,bench,docs,cache,table,sources}',
  ],
  concurrency: 1,
  timeoutMS: 10_000,
  timeoutFactor: 2,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, allowEmojis: false, reportTests: false },
  jsonReporter: { fileName: 'reports/mutation.json' },
  thresholds: { high: 95, low: 90, break: 90 },
};
