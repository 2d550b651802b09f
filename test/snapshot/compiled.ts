import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What the fixtures of this folder need. */
const needed = ['src', 'test/snapshot/fixtures'];

/**
 * The sources, and the fixtures beside them, as JavaScript, so that a child process and its thread start in milliseconds. Inside `node_modules`, where
 * packages are found.
 */
export async function compiled(
  sources: readonly string[] = needed,
): Promise<{ readonly out: string; remove(): Promise<void> }> {
  await mkdir(join(root, 'node_modules', '.cache'), { recursive: true });
  const out = await mkdtemp(join(root, 'node_modules', '.cache', 'holdfast-'));
  await writeFile(join(out, 'package.json'), '{"type":"module"}');
  for (const folder of sources) {
    for (const name of await readdir(join(root, folder), { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const { outputText } = ts.transpileModule(await readFile(join(root, folder, name), 'utf8'), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      const target = join(out, folder, name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, outputText);
    }
  }
  return { out, remove: () => rm(out, { recursive: true, force: true }) };
}
