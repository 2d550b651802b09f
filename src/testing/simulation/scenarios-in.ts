import type { NamedScenario } from './scenario.js';
import { collecting, type Simulation } from './sim-test.js';

/**
 * The scenarios of a file: its default export, one of `defineScenario` or a list of them, and its `simTest` calls, which declare no test
 * meanwhile.
 *
 * @param load imports it, for the first time in this process.
 * @example
 * ```ts
 * const [jobs] = await scenariosIn(() => import('./jobs.sim.js'));
 * ```
 */
export async function scenariosIn(load: () => Promise<object>): Promise<readonly Simulation[]> {
  const place = globalThis as { [collecting]?: Simulation[] };
  const collected: Simulation[] = [];
  place[collecting] = collected;
  try {
    const { default: exported } = (await load()) as { readonly default?: unknown };
    const list = Array.isArray(exported) ? exported : [exported];
    const named = list.filter(isScenario).map(({ name, ...scenario }) => ({ name, scenario, options: {} }));
    return [...named, ...collected];
  } finally {
    delete place[collecting];
  }
}

const isScenario = (value: unknown): value is NamedScenario<never> =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'setup' in value &&
  typeof value.setup === 'function';
