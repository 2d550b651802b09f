import { OptionsError } from '../errors.js';
import { builtin } from './builtin.js';

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
 * @param loads A module that the thread will load besides: where that is TypeScript, tsx is brought too, if it is installed.
 * @example
 * ```ts
 * const thread = openThread<Api>(threadModule(import.meta.url, './worker'));
 * ```
 */
export function threadModule(base: string, path: string, loads?: string): ThreadModule {
  const source = new URL(base).pathname.endsWith('.ts');
  const url = new URL(`${path}.${source ? 'ts' : 'js'}`, base);
  const tsx = source ? tsxFor(base) : tsxFoundFor(loads);
  // None of the parent's flags: `--input-type` and the like are errors or worse in a worker.
  if (tsx === undefined) return { url, execArgv: [] };
  const entry = `import { register } from ${JSON.stringify(tsx)};
register();
await import(${JSON.stringify(url.href)});`;
  return { url: new URL(`data:text/javascript,${encodeURIComponent(entry)}`), execArgv: [] };
}

const isTypeScript = (href: string): boolean => /^file:.*\.m?ts$/.test(href);

/**
 * On Node 20 `--import tsx` does not reach a worker's own entry, so the entry registers it. Its CommonJS face, which is all that
 * `resolve` finds, cannot register itself: the ES module beside it can.
 */
function tsxFor(base: string): string {
  const found = builtin('node:module').createRequire(base).resolve('tsx/esm/api');
  return builtin('node:url').pathToFileURL(found.replace(/\.cjs$/, '.mjs')).href;
}

/** Without tsx, it is left to Node, whose later versions run TypeScript. */
function tsxFoundFor(module: string | undefined): string | undefined {
  if (module === undefined || !isTypeScript(module)) return undefined;
  try {
    return tsxFor(module);
  } catch {
    return undefined;
  }
}

/** What a name that was written for the compiled code is called among its sources. */
const sourceNames: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts' };

/**
 * The module that somebody names, to be loaded in a thread: a URL (of a file, or `data:`), or a path, which is taken from the
 * working directory where it is relative. Where there is no `x.js` but an `x.ts`, that is meant: the program runs from its sources.
 *
 * @throws OptionsError when there is no such file.
 */
export function locateModule(module: URL | string): string {
  const url = urlOf(module);
  if (url.protocol === 'data:') return url.href;
  if (url.protocol === 'file:') {
    const { fileURLToPath, pathToFileURL } = builtin('node:url');
    const file = fileURLToPath(url);
    const ending = /\.m?js$/.exec(file)?.[0];
    const other = ending === undefined ? undefined : file.slice(0, -ending.length) + sourceNames[ending];
    for (const each of [file, other]) if (each !== undefined && isFile(each)) return pathToFileURL(each).href;
    throw new OptionsError(
      `Option "module" of threadChild names a file that is not there: ${file}${other === undefined ? '' : ` (nor ${other})`}. Give a URL, such as new URL('./resizer.js', import.meta.url), or a path, which is taken from the working directory where it is relative.`,
      { option: 'module', given: module },
    );
  }
  throw new OptionsError(
    `Option "module" of threadChild must be a file: given ${url.href}. Packages are not looked for: give import.meta.resolve(…).`,
    { option: 'module', given: module },
  );
}

function urlOf(module: URL | string): URL {
  if (module instanceof URL) return module;
  if (/^(file|data|https?|node):/.test(module)) return new URL(module);
  return builtin('node:url').pathToFileURL(builtin('node:path').resolve(module));
}

const isFile = (file: string): boolean =>
  builtin('node:fs').statSync(file, { throwIfNoEntry: false })?.isFile() === true;
