import { type ActorLogic, type AnyActorRef, type EventObject, type Snapshot, setup } from 'xstate';
import { OptionsError, StateError } from '../src/errors.js';
import type { ChildSpec, Restart, Shutdown } from '../src/runtime/child-spec.js';
import type { Duration } from '../src/runtime/duration.js';
import { child } from './child.js';
import { moved, ServiceLife, type ServicePlan } from './service-life.js';

/** How a service is started, stopped and looked after. */
export interface ServiceOptions<R> extends ServicePlan<R> {
  /**
   * Starts it: a pool, a server, a consumer. What it returns or resolves to is the resource. The signal fires when the service has
   * ended, whatever the reason; `context.fail(error)` says that what was started has failed later on.
   */
  start: ServicePlan<R>['start'];
  /** Stops it, within `shutdown`; then the signal fires and nobody waits any more. Left out: the signal of `start` is all. */
  stop?: NonNullable<ServicePlan<R>['stop']>;
  /** Default `'permanent'`. */
  readonly restart?: Restart;
  /** How long `stop` may take. Default `'5s'`. */
  readonly shutdown?: Shutdown;
  /** How long `start` may take. Default `'30s'`. */
  readonly startTimeout?: Duration;
  readonly significant?: boolean;
  /** The name in Holdfast's registry; `actorName<ServiceLogic<Pool>>('db')` knows the resource. */
  readonly name?: string;
}

/** A service's snapshot. Its resource is had by `resourceOf`. */
export type ServiceSnapshot<R> = Snapshot<unknown> & {
  readonly value: 'starting' | 'running' | 'stopping' | 'stopped';
  readonly context: { readonly life: ServiceLife<R> };
};

/** The logic of a service: for `actorName`. */
export type ServiceLogic<R> = ActorLogic<ServiceSnapshot<R>, EventObject>;

/**
 * The child spec of something that is started and stopped by plain functions: a connection pool, an HTTP server, a consumer.
 * It counts as started when `start` has resolved; what that resolves to is told by `startChild` as `info`, and had from the
 * service's ref by `resourceOf`. When `start` rejects, the start has failed.
 *
 * To stop, `stop(resource, signal)` has the `shutdown` time. What was started is stopped once, however the service ends:
 * killed or crashed (`context.fail`, or an error of a timer or promise that it began), it is stopped then, and its next
 * incarnation does not start before that has been done, or the shutdown time is over. What `start` brings after the service was
 * killed (by `startTimeout`, by a stop) is stopped at once.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * service('db', {
 *   name: 'db',
 *   async start(_signal, { fail }) {
 *     const pool = new Pool(config);
 *     pool.on('error', fail);
 *     await pool.query('select 1');
 *     return pool;
 *   },
 *   stop: (pool) => pool.end(),
 * });
 * const pool = resourceOf<Pool>(runtime.whereis('db')!);
 * ```
 */
export function service<R>(id: string, options: ServiceOptions<R>): ChildSpec {
  const { start, stop, ...spec } = options;
  checkFunction('start', start);
  if (stop !== undefined) checkFunction('stop', stop);
  const plan: ServicePlan<R> = { start, ...(stop !== undefined && { stop }) };
  return child({
    ...spec,
    id,
    logic: serviceLogic,
    input: { plan: plan as ServicePlan<unknown> },
    startInfo: ({ context }) => context.life.resource,
  });
}

/**
 * What a service's `start` brought.
 *
 * @throws StateError when the actor is no service, has not been started yet or has ended.
 */
export function resourceOf<R>(ref: ServiceRef<R>): R {
  const outer: ServiceSnapshot<R> & { readonly inner?: ServiceSnapshot<R> } = ref.getSnapshot();
  // With a backoff the service is what runs inside, if it does.
  const snapshot = 'inner' in outer ? outer.inner : outer;
  const life = snapshot?.context?.life;
  if (snapshot !== undefined && !(life instanceof ServiceLife)) {
    throw new StateError(`The actor '${ref.id}' is not a service.`);
  }
  if (snapshot?.status === 'active' && life?.isStarted) return life.resource as R;
  const stands =
    outer.status !== 'active' ? 'has ended' : snapshot ? 'has not been started yet' : 'backs off';
  throw new StateError(
    `The service '${ref.id}' ${stands} and has no resource. Ask whoever bears its name, when it runs.`,
  );
}

/** The part of a service's ref that tells its resource. */
export type ServiceRef<R> = Pick<AnyActorRef, 'id'> & { getSnapshot(): ServiceSnapshot<R> };

const serviceLogic = setup({
  types: {} as {
    context: { readonly life: ServiceLife<unknown> };
    input: { readonly plan: ServicePlan<unknown> };
    tags: 'starting';
    events: typeof moved | { type: 'holdfast.shutdown' };
  },
  guards: {
    failed: ({ context }) => context.life.failure !== undefined,
    hasStop: ({ context }) => context.life.hasStop,
  },
  actions: {
    fail: ({ context }) => {
      throw context.life.failure?.error;
    },
  },
}).createMachine({
  context: ({ input }) => ({ life: new ServiceLife(input.plan) }),
  initial: 'starting',
  states: {
    starting: {
      tags: 'starting',
      entry: ({ context, self }) => context.life.begin(self),
      on: { [moved.type]: [{ guard: 'failed', actions: 'fail' }, { target: 'running' }] },
    },
    running: {
      on: { 'holdfast.shutdown': [{ guard: 'hasStop', target: 'stopping' }, { target: 'stopped' }] },
    },
    stopping: {
      entry: ({ context }) => context.life.release(),
      on: { [moved.type]: [{ guard: 'failed', actions: 'fail' }, { target: 'stopped' }] },
    },
    stopped: { type: 'final' },
  },
});

function checkFunction(option: string, given: unknown): void {
  if (typeof given === 'function') return;
  throw new OptionsError(
    `Option "${option}" of a service must be a function. Given: ${given === null ? 'null' : typeof given}.`,
    { option, given },
  );
}
