import type { ChildSpec } from '../src/runtime/child-spec.js';
import type { AutoShutdown } from './auto-shutdown.js';
import { type ResolvedSpec, resolveSpec, type SpecMake, specOf } from './spec.js';

/** What a spec says beside its id, sound or not. */
type Given = { readonly [Option in keyof Omit<ChildSpec, 'id'>]?: unknown };

interface Mold {
  readonly given: Given;
  readonly make: SpecMake;
}

/**
 * Resolves specs of which most are of one make, as those of a dynamic supervisor: what differs from the last sound one in
 * nothing but id, name, input and callbacks is sound. A full check costs more than starting the child does.
 */
export class SpecMold {
  readonly #autoShutdown: AutoShutdown;
  #last: Mold | undefined;

  constructor(autoShutdown: AutoShutdown) {
    this.#autoShutdown = autoShutdown;
  }

  /** @throws OptionsError that names the option, what was given and what would do. */
  resolve(spec: ChildSpec): ResolvedSpec {
    if (
      this.#last !== undefined &&
      typeof spec?.id === 'string' &&
      spec.id !== '' &&
      isCast(spec, this.#last.given)
    ) {
      return specOf(this.#last.make, spec.id, spec);
    }
    const resolved = resolveSpec(spec, 'spec', this.#autoShutdown);
    this.#keep(spec, resolved);
    return resolved;
  }

  /**
   * The same for a spec without an id, which is given apart.
   *
   * @throws OptionsError that names the option, what was given and what would do.
   */
  resolveAs(id: string, given: Given): ResolvedSpec {
    if (this.#last !== undefined && isCast(given, this.#last.given)) {
      return specOf(this.#last.make, id, given);
    }
    const resolved = resolveSpec({ ...given, id }, 'spec', this.#autoShutdown);
    this.#keep(given, resolved);
    return resolved;
  }

  /** Without what is the child's own: the mold must not hold on to it. */
  #keep(given: Given, resolved: ResolvedSpec): void {
    const { logic, restart, significant, shutdown, startTimeout, trapExit, mailbox } = given;
    const { id: _id, input: _input, name: _name, ready: _ready, startInfo: _info, ...make } = resolved;
    this.#last = { given: { logic, restart, significant, shutdown, startTimeout, trapExit, mailbox }, make };
  }
}

function isCast(given: Given, last: Given): boolean {
  return (
    given.logic === last.logic &&
    given.restart === last.restart &&
    given.significant === last.significant &&
    given.shutdown === last.shutdown &&
    given.startTimeout === last.startTimeout &&
    given.trapExit === last.trapExit &&
    given.mailbox === last.mailbox &&
    isName(given.name) &&
    isCallback(given.ready) &&
    isCallback(given.startInfo) &&
    hasKnownKeys(given)
  );
}

const isName = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value !== '');
const isCallback = (value: unknown): boolean => value === undefined || typeof value === 'function';

function hasKnownKeys(given: Given): boolean {
  for (const key in given) if (!isKnown(key)) return false;
  return true;
}

function isKnown(key: string): boolean {
  switch (key) {
    case 'id':
    case 'logic':
    case 'input':
    case 'restart':
    case 'significant':
    case 'shutdown':
    case 'name':
    case 'ready':
    case 'startTimeout':
    case 'startInfo':
    case 'trapExit':
    case 'mailbox':
      return true;
    default:
      return false;
  }
}
