import type { AnyActorRef } from 'xstate';
import { NoSuchActorError, StateError } from '../src/errors.js';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import { type ChildCount, type ChildInfo, countOf, infoOf } from './children.js';
import { refuseDuplicates, resolveSpec } from './options.js';
import { processOf, type SupervisorRef } from './supervisor.js';
import type { SupervisorProcess } from './supervisor-process.js';

/**
 * The children of a supervisor in start order. Asked in its turn: while it awaits a child's start, it answers nobody.
 *
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export const whichChildren = async (sup: SupervisorRef): Promise<readonly ChildInfo[]> =>
  running(sup).call((children) => [...children.values()].map(infoOf));

/**
 * The children of a supervisor in numbers. Asked in its turn, like `whichChildren`.
 *
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export const countChildren = async (sup: SupervisorRef): Promise<ChildCount> =>
  running(sup).call((children) => countOf(children.values()));

/**
 * Checks child specs without starting anything.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 */
export function checkChildSpecs(specs: readonly ChildSpec[]): void {
  refuseDuplicates(specs.map((spec, index) => resolveSpec(spec, `specs[${index}]`)));
}

function running(sup: AnyActorRef): SupervisorProcess {
  const process = processOf(sup);
  if (process !== undefined) return process;
  if (sup.getSnapshot()?.hasTag?.('starting')) {
    throw new NoSuchActorError(`The supervisor '${sup.id}' has not been started.`);
  }
  throw new StateError(`The actor '${sup.id}' is not a supervisor.`);
}
