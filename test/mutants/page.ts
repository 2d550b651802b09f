import { readFileSync, writeFileSync } from 'node:fs';
import { mutants } from './list.js';
import type { Result } from './play.js';
import { rows } from './rows.js';

const page = new URL('../../docs/testing-mutants.md', import.meta.url);

/** A mutant's line of the page's first table. */
export const lineOf = ({ name, row, check, runs, faults, commands, seconds }: Result): string =>
  `| ${name} | ${row} | ${check === undefined ? `not found in ${runs}` : runs} | ${faults} + ${commands} | ${check ?? '–'} | ${seconds} |`;

/** Puts a result into the page in the place of the last one of that mutant. Results of mutants that are no more go. */
export function write(result: Result): void {
  writeFileSync(page, merged(readFileSync(page, 'utf8'), [result]));
}

/** The names of those that the page says were found. */
export const foundBefore = (): ReadonlySet<string> =>
  new Set([...linesOf(readFileSync(page, 'utf8'))].filter(([, line]) => isFound(line)).map(([name]) => name));

/** The page with these results in it, its count, and its table of rows. */
export function merged(text: string, results: readonly Result[]): string {
  const lines = linesOf(text);
  for (const result of results) lines.set(result.name, lineOf(result));
  const table = mutants.map(
    // The row is the list's to say.
    ({ name, row }) =>
      `| ${name} | ${row} |${lines.get(name)?.split('|').slice(3).join('|') ?? ' not played yet | | | |'}`,
  );
  const found = table.filter(isFound).length;
  return [
    ['count', `${found} of ${mutants.length} were found.`],
    [
      'bugs',
      [
        '| bug | row of the failure table | runs | failures + commands | found by | s |',
        '|---|---|---|---|---|---|',
        ...table,
      ].join('\n'),
    ],
    ['rows', rowsTable()],
  ].reduce((all, [name, content]) => filled(all, name as string, content as string), text);
}

const isFound = (line: string): boolean => /^\|[^|]*\|[^|]*\| \d+ \|/.test(line);

/** Of the bugs' table, by name. */
function linesOf(text: string): Map<string, string> {
  const lines = block(text, 'bugs').split('\n').slice(2);
  return new Map(lines.map((line) => [line.split('|')[1]?.trim() ?? '', line]));
}

function rowsTable(): string {
  const lines = Object.entries(rows).flatMap(([area, all]) =>
    all.map((row) => {
      const names = mutants.filter((mutant) => mutant.row === row).map(({ name }) => name);
      return `| ${area} | ${row} | ${names.join('; ')} |`;
    }),
  );
  return ['| | row | bugs |', '|---|---|---|', ...lines].join('\n');
}

const marks = (name: string): [string, string] => [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];

function block(text: string, name: string): string {
  const [from, to] = marks(name);
  const parts = text.split(from);
  const content = parts[1]?.split(to)[0];
  if (parts.length !== 2 || content === undefined) throw new Error(`The page has no one block "${name}".`);
  return content;
}

const filled = (text: string, name: string, content: string): string => {
  const [from, to] = marks(name);
  return text.replace(`${from}${block(text, name)}${to}`, () => `${from}${content}${to}`);
};
