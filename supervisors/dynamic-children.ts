import type { AnyActorRef } from 'xstate';
import { DynamicChildError, MaxChildrenError, NoSuchChildError, OptionsError } from '../src/errors.js';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import type { Eventual } from '../src/runtime/eventual.js';
import type { Incarnation } from '../src/runtime/incarnation.js';
import { incarnationOfActor } from '../src/runtime/owner.js';
import { isStopped } from '../src/runtime/xstate.js';
import { type ChildCount, countOfInstances } from './children.js';
import { startFailed } from './failure.js';
import type { ResolvedSpec } from './spec.js';
import { type StartedChild, startAdded } from './started-child.js';
import type { Served } from './supervisor-process.js';

/** What a dynamic supervisor does on order with its children, that are addressed by ref. */
export const dynamicChildren = {
  start(served: Served, args: readonly unknown[]): Eventual<StartedChild> {
    const { roster, path, options, mold } = served;
    const { maxChildren = Number.POSITIVE_INFINITY } = options.dynamic ?? {};
    if (roster.size >= maxChildren) {
      throw new MaxChildrenError(
        `${path} has ${maxChildren} children, its "maxChildren", already.`,
        maxChildren,
      );
    }
    const id = String(roster.next());
    return startAdded(served, roster.add(mold.resolveAs(id, specFor(served, id, args))));
  },

  async terminate(served: Served, key: string | AnyActorRef): Promise<void> {
    if (typeof key === 'string') throw byRef(served, 'terminateChild');
    const child = served.roster.bearer(key);
    if (child !== undefined) await served.roster.stop(child);
    else if (!isStopped(key)) throw foreign(served, key);
  },

  restart(served: Served): never {
    throw byRef(served, 'restartChild');
  },

  delete(served: Served): never {
    throw byRef(served, 'deleteChild');
  },

  /** As in OTP, also that of one that has ended: its ref is all that knows of it. */
  spec(served: Served, key: string | AnyActorRef): ResolvedSpec {
    const life = typeof key === 'string' ? undefined : incarnationOfActor(key);
    const child = typeof key === 'string' ? undefined : served.roster.bearer(key);
    if (child !== undefined) return child.spec;
    if (life?.reason === undefined || !isFormer(served, life)) throw foreign(served, key);
    return life.spec as ResolvedSpec;
  },

  count: ({ roster }: Served): ChildCount => countOfInstances(roster),
};

/** The function is the user's: what it throws is the start's failure, not the supervisor's. */
function specFor({ options, path }: Served, id: string, args: readonly unknown[]): Omit<ChildSpec, 'id'> {
  let made: unknown;
  try {
    made = options.dynamic?.child(...args);
  } catch (error) {
    throw startFailed(path, id, { type: 'error', error });
  }
  if (typeof made === 'object' && made !== null && !('id' in made)) return made as ChildSpec;
  throw new OptionsError(
    `The function "child" of dynamicSupervisor must return a child spec without "id". Given: ${made === null ? 'null' : typeof made}.`,
  );
}

const isFormer = ({ host, path }: Served, { scope, path: its, spec }: Incarnation): boolean =>
  scope === host.scope && its === `${path}/${spec.id}`;

const foreign = ({ path }: Served, key: string | AnyActorRef): NoSuchChildError =>
  new NoSuchChildError(
    typeof key === 'string'
      ? `The children of ${path} are addressed by ref. Given: '${key}'.`
      : `The actor '${key.id}' is not a child of ${path}.`,
  );

const byRef = ({ path }: Served, asked: string): DynamicChildError =>
  new DynamicChildError(
    asked === 'terminateChild'
      ? `terminateChild: the children of ${path} are addressed by ref.`
      : `${asked}: ${path} is a dynamic supervisor and keeps no child that does not run. startChild starts another.`,
  );
