import { dirname, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { Case } from '../simulation/case.js';
import { faultText } from '../simulation/report.js';
import { installed } from './load.js';

/** What failed, as its regression test tells it. */
export interface Regression {
  readonly name: string;
  readonly check: string;
  readonly case: Case;
}

export interface RegressionTestOptions {
  /** Where it will be. */
  readonly file: string;
  /** Where the scenarios are; undefined: they are Holdfast's own. */
  readonly scenarios: string | undefined;
}

/** A test file that plays cases again: for vitest, where the project has it, else for `node:test`. */
export function regressionTest(
  cases: readonly Regression[],
  { file, scenarios }: RegressionTestOptions,
): string {
  const at = resolve(file);
  const vitest = installed('vitest/package.json', pathToFileURL(at).href) !== undefined;
  const typed = isTypeScript(at);
  const own = scenarios === undefined;
  const kit = [...(own ? ['cacheScenario'] : []), 'play', 'scenariosIn', 'timelineText'];
  const loaded = own
    ? 'async () => ({ default: cacheScenario })'
    : `() => import(${quoted(specifierOf(at, resolve(scenarios)))})`;
  const imports = [
    ...(vitest ? [] : [`import assert from 'node:assert/strict';`, `import { test } from 'node:test';`]),
    `import { ${[...(typed ? ['type Case'] : []), ...kit].join(', ')} } from 'holdfast/testing';`,
    ...(vitest ? [`import { expect, test } from 'vitest';`] : []),
  ];
  return `${[
    ...imports,
    '',
    `const scenarios = await scenariosIn(${loaded});`,
    ...cases.flatMap((one) => ['', ...testOf(one, vitest, typed)]),
  ].join('\n')}\n`;
}

function testOf({ name, check, case: found }: Regression, vitest: boolean, typed: boolean): string[] {
  const failed = '`$' + '{failure.message}\\n$' + "{timelineText(timeline).join('\\n')}`";
  return [
    ...found.faults.map((fault) => `// ${oneLine(faultText(fault))}`),
    `test(${quoted(`${name}: ${check}`)}, async () => {`,
    `  const found${typed ? ': Case' : ''} = ${literal(found).replaceAll('\n', '\n  ')};`,
    `  const simulation = scenarios.find(({ name }) => name === ${quoted(name)});`,
    `  if (simulation === undefined) throw new Error(${quoted(`There is no scenario "${name}" any more.`)});`,
    '  const { failure, timeline } = await play(simulation.scenario, found);',
    `  const told = failure && ${failed};`,
    vitest ? '  expect(told).toBeUndefined();' : '  assert.equal(told, undefined);',
    '});',
  ];
}

/** As the test imports it: TypeScript by the name that it compiles to, but where Node.js itself reads it. */
function specifierOf(test: string, scenarios: string): string {
  const path = relative(dirname(test), scenarios).split(sep).join('/');
  const written = path.startsWith('.') ? path : `./${path}`;
  const compiled = isTypeScript(test) && installed('tsx/package.json', pathToFileURL(test).href);
  return compiled ? written.replace(/\.([cm]?)tsx?$/, '.$1js') : written;
}

const isTypeScript = (path: string): boolean => /\.[cm]?tsx?$/.test(path);

/** Plain data, as code. */
const literal = (data: object): string =>
  inspect(data, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: 90 });

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
