import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Quick files first: most mutants do not outlive them. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const took = ({ project, moduleId }: TestSpecification): number => {
      const key = `${project.name}:${moduleId.slice(this.ctx.config.root.length + 1)}`;
      return this.ctx.cache.getFileTestResults(key)?.duration ?? 0;
    };
    return [...files].sort((a, b) => took(a) - took(b));
  }
}

/** The tests that may kill a mutant: those of supervision and of the runtime, without those that start processes and threads. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^holdfast$/, replacement: fileURLToPath(new URL('../../src/index.ts', import.meta.url)) },
    ],
  },
  test: {
    include: [
      'test/{supervisors,conformance,runtime,bus}/**/*.test.ts',
      'test/properties/{supervision,processes,mailbox}.test.ts',
    ],
    exclude: ['test/runtime/{run-main,processes}.test.ts'],
    setupFiles: [fileURLToPath(new URL('./seed.ts', import.meta.url))],
    sequence: { sequencer: QuickFirst },
    isolate: false,
    testTimeout: 10_000,
  },
});
