import type { AnyActorRef } from 'xstate';
import { NoSuchActorError, OptionsError, StateError } from '../src/errors.js';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import { type AutoShutdown, autoShutdowns } from './auto-shutdown.js';
import { type ChildCount, type ChildInfo, infoOf } from './children.js';
import { dynamicChildren } from './dynamic-children.js';
import { resolveSpecs, writtenOut } from './spec.js';
import type { StartedChild } from './started-child.js';
import { staticChildren } from './static-children.js';
import { processOf, type SupervisorRef } from './supervisor.js';
import type { Served, SupervisorProcess } from './supervisor-process.js';

/**
 * Starts one more child, the last in start order, and waits until it is ready. Asked in its turn: while a supervisor awaits a
 * child's start, it answers nobody. A failed start is the caller's: it is neither reported nor counted, and the spec is dropped.
 *
 * @returns the child's ref and what its `startInfo` told; ref undefined when it asked to be ignored (its spec is kept, unless it
 * is temporary).
 * @throws OptionsError when the spec is wrong.
 * @throws AlreadyStartedError when a child of that id runs, or somebody bears its name (`ref`).
 * @throws AlreadyPresentError when a child of that id is there and does not run, or is being started again.
 * @throws StartError when it could not be started (`cause`).
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 * @example
 * ```ts
 * const { ref } = await startChild(runtime.root, { id: 'poller', logic: poller });
 * ```
 */
export function startChild(sup: SupervisorRef, spec: ChildSpec): Promise<StartedChild>;
/**
 * Starts a child of a dynamic supervisor, of the spec that its `child` makes of the arguments.
 *
 * @returns the child's ref and what its `startInfo` told; ref undefined when it asked to be ignored, and nothing is kept.
 * @throws OptionsError when the spec that was made is wrong.
 * @throws MaxChildrenError when there are `maxChildren`.
 * @throws AlreadyStartedError when somebody bears its name (`ref`).
 * @throws StartError when it could not be started (`cause`).
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export function startChild(sup: SupervisorRef, ...args: readonly unknown[]): Promise<StartedChild>;
export function startChild(sup: SupervisorRef, ...args: readonly unknown[]): Promise<StartedChild> {
  // Not async: of a hundred thousand starts, each promise tells.
  try {
    const process = running(sup);
    return process.call(childrenOf(process).start, args);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Stops a child within its shutdown time, and resolves when it is dead. It is not started again until `restartChild`; a temporary
 * one, and one of a dynamic supervisor, is forgotten. Of one that is being started again it ends the attempts. Of one that does
 * not run it does nothing.
 *
 * @param child its id; under a dynamic supervisor its ref, which may be that of the incarnation that ran last.
 * @throws NoSuchChildError when there is no such child.
 * @throws DynamicChildError when a child of a dynamic supervisor is addressed by id.
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export async function terminateChild(sup: SupervisorRef, child: string | AnyActorRef): Promise<void> {
  const process = running(sup);
  return process.call(childrenOf(process).terminate, child);
}

/**
 * Starts a child that does not run, and waits until it is ready. It counts as no restart. A failed start is the caller's; the
 * spec is kept.
 *
 * @returns the child's ref and what its `startInfo` told; ref undefined when it asked to be ignored.
 * @throws NoSuchChildError when there is no such child: a temporary one that ended is forgotten.
 * @throws ChildRunningError · ChildRestartingError when it runs, or is being started again.
 * @throws AlreadyStartedError when somebody bears its name (`ref`).
 * @throws StartError when it could not be started (`cause`).
 * @throws DynamicChildError under a dynamic supervisor.
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export async function restartChild(sup: SupervisorRef, id: string): Promise<StartedChild> {
  const process = running(sup);
  return process.call(childrenOf(process).restart, id);
}

/**
 * Forgets a child that does not run.
 *
 * @throws NoSuchChildError when there is no such child.
 * @throws ChildRunningError · ChildRestartingError when it runs, or is being started again.
 * @throws DynamicChildError under a dynamic supervisor.
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export async function deleteChild(sup: SupervisorRef, id: string): Promise<void> {
  const process = running(sup);
  return process.call(childrenOf(process).delete, id);
}

/**
 * The spec of a child with its defaults filled in and its durations in ms. That of a temporary child has no `input`.
 *
 * @param child its id; under a dynamic supervisor its ref, which may be that of one that has ended.
 * @throws NoSuchChildError when there is no such child.
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export async function childSpec(sup: SupervisorRef, child: string | AnyActorRef): Promise<ChildSpec> {
  const process = running(sup);
  return writtenOut(await process.call(childrenOf(process).spec, child));
}

/**
 * The children of a supervisor in start order. Asked in its turn: while it awaits a child's start, it answers nobody.
 *
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export async function whichChildren(sup: SupervisorRef): Promise<readonly ChildInfo[]> {
  return running(sup).call(infoOfAll, undefined);
}

/**
 * The children of a supervisor in numbers. Asked in its turn, like `whichChildren`.
 *
 * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
 */
export async function countChildren(sup: SupervisorRef): Promise<ChildCount> {
  const process = running(sup);
  return process.call(childrenOf(process).count, undefined);
}

/**
 * Checks child specs without starting anything: the first that is wrong is told.
 *
 * @param autoShutdown of the supervisor that they are meant for; left out, what depends on it is not checked.
 * @throws OptionsError that names the option, what was given and what would do.
 */
export function checkChildSpecs(specs: readonly ChildSpec[], autoShutdown?: AutoShutdown): void {
  if (!Array.isArray(specs)) {
    throw new OptionsError(`checkChildSpecs wants an array of child specs. Given: ${typeof specs}.`, {
      option: 'specs',
      given: specs,
    });
  }
  if (autoShutdown !== undefined && !autoShutdowns.includes(autoShutdown)) {
    throw new OptionsError(
      `checkChildSpecs: "autoShutdown" must be one of ${autoShutdowns.map((each) => `'${each}'`).join(', ')}. Given: ${String(autoShutdown)}.`,
      { option: 'autoShutdown', given: autoShutdown },
    );
  }
  resolveSpecs(specs, 'specs', autoShutdown);
}

const infoOfAll = ({ roster }: Served): readonly ChildInfo[] => [...roster].map(infoOf);

const childrenOf = (process: SupervisorProcess) =>
  process.options.dynamic === undefined ? staticChildren : dynamicChildren;

function running(sup: AnyActorRef): SupervisorProcess {
  const process = processOf(sup);
  if (process !== undefined) return process;
  if (sup.getSnapshot().hasTag?.('starting')) {
    throw new NoSuchActorError(`The supervisor '${sup.id}' has not been started.`);
  }
  throw new StateError(`The actor '${sup.id}' is not a supervisor.`);
}
