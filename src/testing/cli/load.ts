import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OptionsError } from '../../errors.js';
import { shown } from '../shown.js';
import { cacheScenario } from '../simulation/cache-scenario.js';
import { explore } from '../simulation/explore.js';
import { play } from '../simulation/play.js';
import { scenariosIn } from '../simulation/scenarios-in.js';
import type { Simulation } from '../simulation/sim-test.js';

/**
 * The kit that a scenario file imports. It may be another copy than this one (its own project's, or its sources): what it makes is known to
 * that copy's runs only.
 */
export interface Kit {
  readonly explore: typeof explore;
  readonly play: typeof play;
}

/** What there is to play. */
export interface Loaded {
  readonly kit: Kit;
  readonly simulations: readonly Simulation[];
}

type Import = (specifier: string) => Promise<object>;

/** The scenarios of a file; of none, the one of Holdfast's own cache. @throws OptionsError where there are none. */
export async function load(file: string | undefined): Promise<Loaded> {
  if (file === undefined) {
    const { name, ...scenario } = cacheScenario;
    return {
      kit: { explore, play },
      simulations: [{ name, scenario: scenario as unknown as Simulation['scenario'], options: {} }],
    };
  }
  const path = resolve(file);
  if (!existsSync(path)) throw new OptionsError(`There is no file ${file} (${path}).`);
  const url = pathToFileURL(path).href;
  const imports = await importsFrom(url, file);
  const kit = await kitOf(imports);
  const simulations = await scenariosIn(() => loaded(imports, url, file));
  if (simulations.length === 0) {
    throw new OptionsError(
      `${file} has no scenario. Export one: export default defineScenario('its name', { setup: … }), or call simTest('its name', { setup: … }).`,
    );
  }
  const names = simulations.map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) throw new OptionsError(`${file} has two scenarios named "${double}".`);
  return { kit, simulations };
}

async function loaded(imports: Import, url: string, file: string): Promise<object> {
  try {
    return await imports(url);
  } catch (cause) {
    const told = cause instanceof Error ? (cause.stack ?? shown(cause)) : shown(cause);
    throw new OptionsError(`${file} cannot be loaded: ${told}`);
  }
}

async function kitOf(imports: Import): Promise<Kit> {
  try {
    return (await imports('holdfast/testing')) as Kit;
  } catch {
    return { explore, play };
  }
}

const isTypeScript = (path: string): boolean => /\.[cm]?tsx?$/.test(path);

/** Imports as the file does. */
async function importsFrom(url: string, file: string): Promise<Import> {
  const { resolve: find } = createRequire(url);
  const plainly: Import = (specifier) =>
    import(specifier.startsWith('file:') ? specifier : pathToFileURL(find(specifier)).href);
  if (!isTypeScript(file)) return plainly;
  const tsx = installed('tsx/esm/api', url);
  if (tsx !== undefined) {
    const { register } = (await import(pathToFileURL(tsx.replace(/\.cjs$/, '.mjs')).href)) as Tsx;
    const scope = register({ namespace: 'holdfast' });
    return (specifier) => scope.import(specifier, url);
  }
  if ((process.features as { readonly typescript?: unknown }).typescript) return plainly;
  throw new OptionsError(
    `${file} is TypeScript, which Node.js ${process.versions.node} does not read by itself. Install tsx beside it: npm install --save-dev tsx. Or give a .js or .mjs file.`,
  );
}

/** What of tsx is used. */
interface Tsx {
  register(options: { readonly namespace: string }): {
    import(specifier: string, parent: string): Promise<object>;
  };
}

/** Where something is that the project of a file, or of the working directory, has; undefined: nowhere. */
export function installed(specifier: string, url: string): string | undefined {
  for (const from of [url, pathToFileURL(resolve('package.json')).href]) {
    try {
      return createRequire(from).resolve(specifier);
    } catch {}
  }
  return undefined;
}
