import type {
  ActorLogic,
  ActorRefFrom,
  ActorSystem,
  AnyActorLogic,
  AnyActorRef,
  EmittedFrom,
  EventFromLogic,
  EventObject,
  InputFrom,
  OutputFrom,
  Snapshot,
  SnapshotFrom,
} from 'xstate';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import type { LifeSpec } from '../src/runtime/life-spec.js';
import { incarnationOfActor } from '../src/runtime/owner.js';
import {
  branded,
  isSupervisorLogic,
  registerSupervisor,
  starting,
} from '../src/runtime/supervisor-handle.js';
import { type BackoffOptions, backoffPolicy } from './backoff.js';
import { type BackoffEnd, BackoffProcess, type BackoffState } from './backoff-process.js';
import { hostOf } from './host.js';
import { type ResolvedSpec, resolveSpec } from './spec.js';

/** The snapshot of what runs with a backoff. */
export type BackoffSnapshot<L extends AnyActorLogic> = Snapshot<OutputFrom<L>> & {
  readonly value: 'starting' | 'running' | 'backoff' | 'stopping' | 'stopped';
  /** Its own state is its tag, and it has the tags of what runs inside. */
  hasTag(tag: string): boolean;
  readonly context: {
    /** In a row. */
    readonly failures: number;
    /** Of the present backoff, in ms. */
    readonly delay: number | undefined;
  };
  /** Of what runs inside; undefined while nothing does. */
  readonly inner: SnapshotFrom<L> | undefined;
  /** Who runs inside, for `whichChildren` of a supervisor. */
  readonly ref: ActorRefFrom<L> | undefined;
};

/** Logic that is started again after a delay. It takes the events and the input of what runs inside. */
export type BackoffLogic<L extends AnyActorLogic> = ActorLogic<
  BackoffSnapshot<L>,
  EventFromLogic<L>,
  InputFrom<L>,
  ActorSystem<any>,
  EmittedFrom<L>
>;

/** How what runs inside is started, where it is not for its child spec to say. */
type Inside = Pick<ChildSpec, 'input' | 'ready'>;

/**
 * Logic that, when it fails, is started again after a delay instead of at once, and does not use up the restarts of its
 * supervisor: for what depends on something that may be away. The supervised child is this wrapper; it starts the logic inside as
 * an actor of its own (`<path>/attempt`). After the n-th failure in a row, be it of the start, it waits for something in
 * [min, min(max, min · 2^n)]; after having run for `resetAfter` it begins anew.
 *
 * - It is started when the first attempt has been ready, or has failed: an app comes up although this cannot.
 * - What is a failure says the child spec's `restart`: of a `transient` child an orderly end is the end of the wrapper, too. A start
 *   that fails is one unless it is `temporary`.
 * - Each attempt has the child spec's `startTimeout` and `shutdown`.
 * - Its state and tag are `starting`, `running`, `backoff` or `stopping`; the snapshot inside is `snapshot.inner`.
 * - Events go to what runs inside, questions, too, and orders to stop. Its name, links and monitors outlive the attempts.
 * - In `backoff` nobody is there: `ask` rejects at once with `BackoffError` (`retryAfter`), and what is sent is a dead letter. Nothing is
 *   held back for the next attempt, which would find it stale.
 *
 * Given a child spec, it makes one whose `input`, `ready` and `startInfo` are those of what runs inside, anew for each attempt.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * withBackoff(service('broker', { start: connect, stop: (it) => it.close() }), { min: '1s', max: '1m', resetAfter: '5m' });
 * child({ id: 'feed', logic: withBackoff(feed), input: { url } });
 * ```
 */
export function withBackoff(spec: ChildSpec, options?: BackoffOptions): ChildSpec;
export function withBackoff<L extends AnyActorLogic>(logic: L, options?: BackoffOptions): BackoffLogic<L>;
export function withBackoff(
  what: ChildSpec | AnyActorLogic,
  options: BackoffOptions = {},
): ChildSpec | BackoffLogic<AnyActorLogic> {
  if (!('logic' in what)) return logicOf(what, options, {});
  resolveSpec(what, `child '${String(what.id)}'`);
  const { input, ready, startInfo, ...spec } = what;
  return {
    ...spec,
    logic: logicOf(what.logic, options, { ...what, input }),
    ...(startInfo !== undefined && {
      startInfo: ({ inner }: BackoffSnapshot<AnyActorLogic>) =>
        inner === undefined ? undefined : startInfo(inner),
    }),
  };
}

/** What only this file can send. */
const told = Symbol('told');

interface Told extends EventObject {
  readonly [told]: BackoffSnapshot<AnyActorLogic>;
}

/** What XState gives to logic. */
interface Scope {
  readonly self: AnyActorRef;
  readonly emit: (event: EventObject) => void;
}

const processes = new WeakMap<AnyActorRef, BackoffProcess>();

function logicOf(logic: AnyActorLogic, options: BackoffOptions, inside: Inside): BackoffLogic<AnyActorLogic> {
  const policy = backoffPolicy(options);
  // Checked here, and not at the first attempt.
  lifeOf(logic, inside, undefined, undefined);
  return {
    ...(isSupervisorLogic(logic) && branded),
    ...starting,
    config: options,
    getInitialSnapshot: (_scope: unknown, input: unknown) => ({ ...snapshotOf(beginning), input }) as never,
    start(snapshot: BackoffSnapshot<AnyActorLogic> & { input?: unknown }, { self, emit }: Scope) {
      const own = incarnationOfActor(self)?.spec as ResolvedSpec | undefined;
      const tell = (next: BackoffSnapshot<AnyActorLogic>): void => self.send(tidings(next));
      const host = hostOf(self, { onPhase() {}, onEnd() {}, onError() {} });
      const process = new BackoffProcess({
        self,
        host,
        policy,
        restart: own?.restart ?? 'permanent',
        spec: lifeOf(logic, inside, snapshot.input, own),
        onState: (state) => tell(snapshotOf(state)),
        onEnd: (end) => tell(endedBy(end)),
        onEmitted: emit,
      });
      processes.set(self, process);
      registerSupervisor(self, process);
      process.attempt();
    },
    transition(
      snapshot: BackoffSnapshot<AnyActorLogic>,
      event: EventObject,
      { self }: { self: AnyActorRef },
    ) {
      if (event.type === 'xstate.stop') {
        processes.get(self)?.kill();
        return { ...snapshotOf(beginning), value: 'stopped', status: 'stopped' };
      }
      if (told in event) return (event as Told)[told];
      processes.get(self)?.forward(event);
      return snapshot;
    },
    getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
  } as unknown as BackoffLogic<AnyActorLogic>;
}

/** How each attempt lives. The times to start and to stop are the wrapper's. */
function lifeOf(
  logic: AnyActorLogic,
  { input, ready }: Inside,
  given: unknown,
  own: ResolvedSpec | undefined,
): LifeSpec {
  const spec = { id: 'attempt', logic, input: input ?? given, ready };
  const resolved = resolveSpec(spec, 'withBackoff');
  if (own === undefined) return resolved;
  const { shutdown, startTimeout, trapExit } = own;
  return { ...resolved, shutdown, startTimeout, trapExit: trapExit === true };
}

const beginning: BackoffState = { phase: 'starting', failures: 0, delay: undefined, inner: undefined };

const tidings = (snapshot: BackoffSnapshot<AnyActorLogic>): Told => ({
  type: 'holdfast.backoff',
  [told]: snapshot,
});

function snapshotOf({ phase, failures, delay, inner }: BackoffState): BackoffSnapshot<AnyActorLogic> {
  const snapshot = inner?.getSnapshot();
  return {
    status: 'active',
    output: undefined,
    error: undefined,
    value: phase,
    context: { failures, delay },
    inner: snapshot,
    ref: inner as ActorRefFrom<AnyActorLogic> | undefined,
    hasTag: (tag) => tag === phase || snapshot?.hasTag?.(tag) === true,
  };
}

function endedBy({ reason, output }: BackoffEnd): BackoffSnapshot<AnyActorLogic> {
  const snapshot = {
    ...snapshotOf(beginning),
    value: 'stopped' as const,
    hasTag: (tag: string) => tag === 'stopped',
  };
  return reason.type === 'error'
    ? { ...snapshot, status: 'error', error: reason.error, output: undefined }
    : { ...snapshot, status: 'done', output, error: undefined };
}
