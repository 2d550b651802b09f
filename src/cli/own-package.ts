import { existsSync } from 'node:fs';

/** The package.json of this copy of Holdfast, wherever the compiler put this file. */
export function ownPackage(): URL {
  let at = new URL('package.json', import.meta.url);
  while (!existsSync(at)) {
    const above = new URL('../package.json', at);
    if (above.href === at.href) return at;
    at = above;
  }
  return at;
}
