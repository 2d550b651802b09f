import type { ChildSpec } from '../src/runtime/child-spec.js';
import type { AutoShutdown } from './auto-shutdown.js';
import { type ResolvedSpec, resolveSpec, type SpecMake, specOf } from './spec.js';

type Given = Readonly<Partial<Record<keyof ChildSpec, unknown>>>;

/** What children of one make have in common. */
const common = [
  'logic',
  'restart',
  'significant',
  'shutdown',
  'startTimeout',
  'trapExit',
  'mailbox',
] as const;

/** Of these each child may have its own. */
const isSound: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: (value) => typeof value === 'string' && value !== '',
  input: () => true,
  name: (value) => value === undefined || (typeof value === 'string' && value !== ''),
  ready: (value) => value === undefined || typeof value === 'function',
  startInfo: (value) => value === undefined || typeof value === 'function',
};

const known: ReadonlySet<string> = new Set([...common, ...Object.keys(isSound)]);

/**
 * Resolves specs of which most are of one make, as those of a dynamic supervisor: what differs from the last sound one in
 * nothing but id, name, input and callbacks is sound. A full check costs more than starting the child does.
 */
export class SpecMold {
  readonly #autoShutdown: AutoShutdown;
  #last: { readonly given: Given; readonly make: SpecMake } | undefined;

  constructor(autoShutdown: AutoShutdown) {
    this.#autoShutdown = autoShutdown;
  }

  /** @throws OptionsError that names the option, what was given and what would do. */
  resolve(spec: ChildSpec): ResolvedSpec {
    if (this.#last !== undefined && isCast(spec, this.#last.given)) return specOf(this.#last.make, spec);
    const resolved = resolveSpec(spec, 'spec', this.#autoShutdown);
    const { id: _id, input: _input, name: _name, ready: _ready, startInfo: _info, ...make } = resolved;
    const { id: _i, input: _in, name: _n, ready: _r, startInfo: _s, ...given } = spec;
    this.#last = { given, make };
    return resolved;
  }
}

function isCast(spec: Given, last: Given): boolean {
  if (typeof spec !== 'object' || spec === null) return false;
  for (const key in spec) if (!known.has(key)) return false;
  for (const key of common) if (spec[key] !== last[key]) return false;
  for (const key in isSound) if (!isSound[key]?.(spec[key as keyof ChildSpec])) return false;
  return true;
}
