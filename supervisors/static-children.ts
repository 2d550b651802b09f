import type { AnyActorRef } from 'xstate';
import {
  AlreadyPresentError,
  AlreadyStartedError,
  ChildRestartingError,
  ChildRunningError,
  NoSuchChildError,
} from '../src/errors.js';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import type { Eventual } from '../src/runtime/eventual.js';
import { type Child, type ChildCount, countOf, refOf } from './children.js';
import type { ResolvedSpec } from './spec.js';
import { type StartedChild, startAdded, startOnOrder } from './started-child.js';
import type { Served } from './supervisor-process.js';

/** What a supervisor does on order with children that have ids. */
export const staticChildren = {
  start(served: Served, [given]: readonly unknown[]): Eventual<StartedChild> {
    const { roster, path, mold } = served;
    const spec = mold.resolve(given as ChildSpec);
    const present = roster.get(spec.id);
    if (present !== undefined) throw taken(path, present);
    return startAdded(served, roster.add(spec));
  },

  async terminate(served: Served, key: string | AnyActorRef): Promise<void> {
    const child = find(served, key);
    await served.roster.stop(child);
    served.roster.rest(child);
  },

  restart(served: Served, id: string): Eventual<StartedChild> {
    return startOnOrder(served, idle(served, id));
  },

  delete(served: Served, id: string): void {
    served.roster.remove(idle(served, id));
  },

  spec: (served: Served, key: string | AnyActorRef): ResolvedSpec => find(served, key).spec,

  count: ({ roster }: Served): ChildCount => countOf(roster),
};

function find({ roster, path }: Served, key: string | AnyActorRef): Child {
  if (typeof key !== 'string') {
    throw new NoSuchChildError(
      `${path} has children with ids: they are addressed by these, not by ref. Given: the actor '${key.id}'.`,
    );
  }
  const child = roster.get(key);
  if (child === undefined) throw new NoSuchChildError(`${path} has no child '${key}'.`, key);
  return child;
}

/** One that does not run, and is not being started again. */
function idle(served: Served, id: string): Child {
  const child = find(served, id);
  if (child.restarting) {
    throw new ChildRestartingError(
      `The child '${id}' of ${served.path} is being started again. terminateChild ends that.`,
      id,
    );
  }
  if (child.incarnation !== undefined) {
    throw new ChildRunningError(`The child '${id}' of ${served.path} runs. terminateChild comes first.`, id);
  }
  return child;
}

function taken(path: string, present: Child): AlreadyStartedError | AlreadyPresentError {
  const { id } = present.spec;
  const ref = refOf(present);
  if (ref !== undefined) {
    return new AlreadyStartedError(`${path} has a child '${id}' already, and it runs.`, id, ref);
  }
  return new AlreadyPresentError(
    `${path} has a child '${id}' already, which does not run now: restartChild starts it, deleteChild makes room.`,
    id,
  );
}
