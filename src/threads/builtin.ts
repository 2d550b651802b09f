import { StateError } from '../errors.js';

interface Builtins {
  readonly 'node:fs': typeof import('node:fs');
  readonly 'node:module': typeof import('node:module');
  readonly 'node:path': typeof import('node:path');
  readonly 'node:url': typeof import('node:url');
  readonly 'node:worker_threads': typeof import('node:worker_threads');
}

/**
 * One of Node's modules, reached when it is needed: the package's main entry leads here, and is loaded where there is no Node,
 * too.
 *
 * @throws StateError where there is none.
 */
export function builtin<const Id extends keyof Builtins>(id: Id): Builtins[Id] {
  const { process } = globalThis as { process?: { getBuiltinModule?(id: Id): Builtins[Id] | undefined } };
  const found = process?.getBuiltinModule?.(id);
  if (found === undefined) throw new StateError(`A thread needs Node.js: there is no ${id} here.`);
  return found;
}
