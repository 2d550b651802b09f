import { readFileSync, writeFileSync } from 'node:fs';
import { judged } from './aims.js';
import type { Result } from './suite.js';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** A value for people. */
function shown(value: number | string | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  return Math.abs(value) >= 1000 ? grouped.format(value) : fine.format(value);
}

/** Holdfast's measure over another's, where both are numbers. */
function ratios({ values }: Result): string {
  const { holdfast } = values;
  if (typeof holdfast !== 'number') return '';
  return Object.entries(values)
    .filter(([name, value]) => name !== 'holdfast' && typeof value === 'number' && value !== 0)
    .map(([name, value]) => `${fine.format(holdfast / Number(value))} × ${name}`)
    .join(', ');
}

/** One result in a line. */
export const found = (result: Result): string =>
  [
    `${result.case}: ${Object.entries(result.values)
      .map(([name, value]) => `${name} ${shown(value)}`)
      .join(', ')} ${result.unit}`,
    ratios(result),
    judged(result),
  ]
    .filter((part) => part !== '')
    .join('; ');

/** The results of one suite as a table of fixed width. */
export function table(results: readonly Result[]): string {
  const contenders = [...new Set(results.flatMap(({ values }) => Object.keys(values)))];
  const rows = [
    ['case', 'unit', ...contenders, 'holdfast is', 'aim'],
    ...results.map((result) => [
      result.case,
      result.unit,
      ...contenders.map((name) => shown(result.values[name])),
      ratios(result),
      judged(result),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A Markdown table. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` in a file, and how to put something else there. */
function block(file: URL, name: string): { readonly content: string; replace(content: string): void } {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file.pathname} has no block "${begin} … ${end}".`);
  return {
    content: text.slice(from + begin.length, to).trim(),
    replace: (content) =>
      writeFileSync(file, `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`),
  };
}

/** Puts something else into a block of a file. */
export function replaceBlock(file: URL, name: string, content: string): void {
  block(file, name).replace(content);
}

/** Puts results into the table in a block of a file, each in the place of the same case's former one, or at the end. */
export function replaceRows(file: URL, name: string, results: readonly Result[]): void {
  const { content, replace } = block(file, name);
  const rows = new Map(
    content
      .split('\n')
      .slice(2)
      .map((line) => line.replace(/^\| | \|$/g, '').split(' | '))
      .map((cells) => [cells[0] ?? '', cells]),
  );
  for (const result of results) {
    const { holdfast, ...others } = result.values;
    const beside = Object.entries(others).map(([who, value]) => `${who} ${shown(value)}`);
    rows.set(result.case, [
      result.case,
      `${shown(holdfast)} ${result.unit}`.trim(),
      beside.join(', '),
      ratios(result),
      judged(result),
    ]);
  }
  replace(markdown(['case', 'Holdfast', 'beside it', 'Holdfast is', 'aim'], [...rows.values()]));
}
