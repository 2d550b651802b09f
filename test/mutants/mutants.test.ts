import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mutants } from './list.js';
import { merged } from './page.js';
import { edited, playMutant } from './play.js';
import { rows } from './rows.js';

test.each(mutants)('fits into the sources as they are: $name', (mutant) => {
  for (const { file, to } of mutant.edits) expect(edited(mutant, file)).toContain(to);
});

test('each row of the failure table has one', () => {
  const without = Object.values(rows)
    .flat()
    .filter((row) => !mutants.some((mutant) => mutant.row === row));
  expect(without).toEqual([]);
});

test('no two have one name', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

/** The cheapest of each area: a few runs show them. */
describe.each([
  ['warming', 'a pass takes the whole table at once'],
  ['loading', 'a load for each caller'],
  ['supervision', 'the children of an errored actor live on'],
  ['what lies in files', 'a change that is committed late is passed over'],
])('%s', (_, name) => {
  test(`is found: ${name}`, async () => {
    const mutant = mutants.find((each) => each.name === name)!;
    const { check } = await playMutant(mutant, 50, 0);
    expect(check).toBeDefined();
  });
});

test('a bug that is none is not found', async () => {
  const [{ edits: _, ...first }] = mutants as [(typeof mutants)[0]];
  expect((await playMutant({ ...first, edits: [] }, 3, 0)).check).toBeUndefined();
});

test('a result takes its place on the page, and all else stays', () => {
  const page = readFileSync(new URL('../../docs/testing-mutants.md', import.meta.url), 'utf8');
  expect(merged(page, [])).toBe(page);
  const { name, row } = mutants[3]!;
  const result = { name, row, check: 'a check', runs: 12_345, faults: 1, commands: 2, seconds: 3 };
  const changed = merged(page, [result]);
  expect(changed).toContain(`| ${name} | ${row} | 12345 | 1 + 2 | a check | 3 |`);
  const others = (text: string) =>
    text.split('\n').filter((line) => !line.startsWith(`| ${name} |`) && !line.includes('were found'));
  expect(others(changed)).toEqual(others(page));
});
