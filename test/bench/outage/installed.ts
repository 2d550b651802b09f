import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '');
const modules = join(root, 'node_modules');

function bytes(path: string): number {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path)
    .filter((entry) => entry !== 'node_modules')
    .reduce((sum, entry) => sum + bytes(join(path, entry)), 0);
}

/** The folder that Node resolves a dependency of `from` to. */
function resolved(name: string, from: string): string | undefined {
  for (let at = from; at.startsWith(root); at = join(at, '..')) {
    const path = join(at, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return path;
  }
  return undefined;
}

export interface Installed {
  readonly packages: number;
  readonly megabytes: number;
}

/** What installing a package brings: its folder and those of everything it depends on, as they stand here. */
export function installed(name: string, { optional = true } = {}): Installed {
  const folders = new Set<string>();
  const visit = (folder: string, own: string): void => {
    if (folders.has(own)) return;
    folders.add(own);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    for (const dependency of Object.keys({
      ...manifest.dependencies,
      ...(optional && manifest.optionalDependencies),
    })) {
      const path = resolved(dependency, folder);
      if (path !== undefined) visit(path, path);
    }
  };
  // This package is not under its own node_modules: of its folder only what is published counts.
  if (name === 'holdfast') visit(root, join(root, 'dist'));
  else visit(join(modules, name), join(modules, name));
  const sum = [...folders].reduce((total, folder) => total + bytes(folder), 0);
  return { packages: folders.size, megabytes: sum / 2 ** 20 };
}
