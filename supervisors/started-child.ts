import type { AnyActorRef } from 'xstate';
import { AlreadyStartedError, type HoldfastError, StateError } from '../src/errors.js';
import { type Eventual, whenever } from '../src/runtime/eventual.js';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import type { StartOutcome } from '../src/runtime/life-spec.js';
import type { Child } from './children.js';
import { startFailed } from './failure.js';
import type { Served } from './supervisor-process.js';

/** What a start on somebody's order came to. */
export interface StartedChild {
  /** Undefined when the child asked to be ignored (`IGNORE`). */
  readonly ref: AnyActorRef | undefined;
  /** What its `startInfo` told. */
  readonly info: unknown;
}

/** Starts a child on somebody's order. A failure is theirs: nothing is reported, counted or tried again. */
export const startOnOrder = (served: Served, child: Child): Eventual<StartedChild> =>
  whenever(served.roster.start(child), (outcome) => concluded(served, child, outcome));

/** As `startOnOrder`, of a child that was added for it: one that cannot be started is not kept. */
export const startAdded = (served: Served, child: Child): Eventual<StartedChild> =>
  whenever(served.roster.start(child), (outcome) => {
    try {
      return concluded(served, child, outcome);
    } catch (error) {
      // Who has become ready while the supervisor was told to stop is stopped with the others.
      if (child.incarnation === undefined) served.roster.remove(child);
      throw error;
    }
  });

function concluded(served: Served, child: Child, outcome: StartOutcome): StartedChild {
  if (served.interrupted) throw served.gone();
  if (outcome.type === 'ready') return { ref: child.incarnation?.ref, info: outcome.info };
  if (outcome.type === 'failed') throw failure(served, child, outcome.reason);
  served.roster.rest(child);
  return { ref: undefined, info: undefined };
}

function failure({ host, path }: Served, { spec }: Child, reason: ExitReason): HoldfastError {
  const { id, name } = spec;
  const bearer = name === undefined ? undefined : host.scope.names.whereis(name);
  if (bearer !== undefined && reason.type === 'error' && reason.error instanceof StateError) {
    return new AlreadyStartedError(
      `${path} could not start its child '${id}': somebody bears the name '${name}' already.`,
      id,
      bearer,
      { cause: reason.error },
    );
  }
  return startFailed(path, id, reason);
}
