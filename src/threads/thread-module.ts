import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** A module to run in a thread, and what Node needs to be told to run it. */
export interface ThreadModule {
  readonly url: URL;
  readonly execArgv: readonly string[];
}

/**
 * Finds the module of a thread beside the file that starts it: `./worker.js` where that file is compiled, `./worker.ts`,
 * run by tsx, where it is TypeScript (the repository's own tests and examples; tsx must then be installed).
 *
 * @param base `import.meta.url` of the file that starts the thread.
 * @param path Relative, without an ending.
 * @example
 * ```ts
 * const thread = openThread<Api>(threadModule(import.meta.url, './worker'));
 * ```
 */
export function threadModule(base: string, path: string): ThreadModule {
  if (!new URL(base).pathname.endsWith('.ts')) {
    // None of the parent's flags: `--input-type` and the like are errors or worse in a worker.
    return { url: new URL(`${path}.js`, base), execArgv: [] };
  }
  // On Node 20 `--import tsx` does not reach a worker's own entry, so the entry registers it. Its CommonJS face, which
  // is all that `resolve` finds, cannot register itself: the ES module beside it can.
  const tsx = pathToFileURL(
    createRequire(base)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  );
  const entry = `import { register } from ${JSON.stringify(tsx.href)};
register();
await import(${JSON.stringify(new URL(`${path}.ts`, base).href)});`;
  return { url: new URL(`data:text/javascript,${encodeURIComponent(entry)}`), execArgv: [] };
}
