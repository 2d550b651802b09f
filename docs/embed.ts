/**
 * Puts into the guide's pages what they show: regions of the runnable files, and what running them prints. So a page never
 * shows code that does not run, or output that nobody saw.
 *
 *     npx tsx docs/embed.ts            writes the pages anew
 *     npx tsx docs/embed.ts --check    fails when a page is not what it would be
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const guide = new URL('./guide/', import.meta.url);
/** `<!-- region FILE#NAME -->` or `<!-- output FILE -->`, and the fenced block below it. */
const block = /<!-- (region|output) ([\w.-]+)(?:#([\w-]+))? -->\n```\w*\n[\s\S]*?```/g;

/** The page with every block filled anew. */
export async function embed(markdown: string): Promise<string> {
  const filled = new Map<string, string>();
  for (const [whole, kind, file, name] of markdown.matchAll(block)) {
    const content =
      kind === 'region' ? await region(file as string, name as string) : await output(file as string);
    const head = `<!-- ${kind} ${file}${name === undefined ? '' : `#${name}`} -->`;
    filled.set(whole, `${head}\n\`\`\`${kind === 'region' ? 'ts' : 'text'}\n${content}\n\`\`\``);
  }
  return markdown.replace(block, (whole) => filled.get(whole) ?? whole);
}

async function region(file: string, name: string): Promise<string> {
  const lines = (await readFile(new URL(file, guide), 'utf8')).split('\n');
  const from = lines.indexOf(`// #region ${name}`);
  const to = lines.indexOf('// #endregion', from);
  if (from < 0 || to < 0) throw new Error(`docs/guide/${file} has no region "${name}".`);
  return lines.slice(from + 1, to).join('\n');
}

async function output(file: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(file, guide))], {
    timeout: 60_000,
  });
  return stdout.trimEnd();
}

/** The guide's pages, by path. */
export async function pages(): Promise<readonly URL[]> {
  const files = await readdir(guide);
  return files.filter((file) => file.endsWith('.md')).map((file) => new URL(file, guide));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  for (const page of await pages()) {
    const before = await readFile(page, 'utf8');
    const after = await embed(before);
    if (before === after) continue;
    if (!check) await writeFile(page, after);
    else process.exitCode = 1;
    console.log(`${check ? 'not what it would be' : 'written'}: ${fileURLToPath(page)}`);
  }
}
