import type { ActorLogic, ActorRef, AnyActorRef, EventObject, NonReducibleUnknown, Snapshot } from 'xstate';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import {
  type Aftermath,
  type Branded,
  branded,
  registerSupervisor,
} from '../src/runtime/supervisor-handle.js';
import { hostOf } from './host.js';
import {
  type DynamicSupervisorOptions,
  type ResolvedOptions,
  resolveDynamicOptions,
  resolveOptions,
  type SupervisorOptions,
} from './options.js';
import { SupervisorProcess } from './supervisor-process.js';

/** A supervisor's snapshot: the state it is in, and at its end the reason. */
export type SupervisorSnapshot = Snapshot<ExitReason> & {
  readonly value: 'starting' | 'running' | 'stopping' | 'stopped';
  /** Tagged `'starting'` until every child has been started. */
  hasTag(tag: string): boolean;
};

/** A supervisor takes no events: it is addressed by functions such as `whichChildren` and `stop`. */
export type SupervisorRef = ActorRef<SupervisorSnapshot, EventObject>;

/** A supervisor as XState actor logic: a child of another one, or of any machine. */
export type SupervisorLogic = ActorLogic<SupervisorSnapshot, EventObject, NonReducibleUnknown> & Branded;

/** What only this file can send. */
const told = Symbol('told');

interface Told extends EventObject {
  readonly [told]: SupervisorSnapshot;
}

const processes = new WeakMap<AnyActorRef, SupervisorProcess>();

/** @internal The process behind a supervisor's actor. */
export const processOf = (ref: AnyActorRef): SupervisorProcess | undefined => processes.get(ref);

/**
 * A supervisor: it starts its children in order, each when the one before is ready, starts again whoever ends against its
 * spec, and stops them in reverse order. When it has to restart more than `maxRestarts` times `within` a while, it gives up: it
 * stops its children and ends with the reason `shutdown`, so that its own supervisor may start it anew.
 *
 * In a plain machine it runs a private runtime. XState's `stop` kills that tree before it returns; for an orderly stop,
 * `await stop(ref)`. Its giving up, or a failed start, is an error there (`GaveUpError`, `StartError`); an orderly stop is its
 * being done.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * const tree = supervisor({ maxRestarts: 5, within: '10s', children: [child({ id: 'poller', logic: poller })] });
 * const runtime = await createRuntime(tree).start();
 * ```
 */
export const supervisor = (options: SupervisorOptions): SupervisorLogic =>
  logicOf(options, resolveOptions(options));

/**
 * A supervisor of very many children of one kind: OTP's `simple_one_for_one`. It begins with none; `startChild(sup, ...args)` makes
 * one of what `child` returns for the arguments. Each lives alone and is addressed by its ref; one that is not started again is
 * forgotten, so there is nothing to restart or to delete. When the supervisor ends all are told at once to stop, each within
 * its own time.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * const rooms = dynamicSupervisor({ child: (name: string) => ({ logic: room, input: { name }, restart: 'transient' }) });
 * const { ref } = await startChild(sup, 'lobby');
 * ```
 */
export const dynamicSupervisor = <Args extends readonly unknown[]>(
  options: DynamicSupervisorOptions<Args>,
): SupervisorLogic => logicOf(options, resolveDynamicOptions(options as unknown as DynamicSupervisorOptions));

/** @internal A supervisor of the house's own. `onOver` looks what has become of its work when it has ended and is not started again. */
export const supervisorWith = (options: SupervisorOptions, onOver: Aftermath): SupervisorLogic =>
  logicOf(options, resolveOptions(options), onOver);

function logicOf(options: object, resolved: ResolvedOptions, onOver?: Aftermath): SupervisorLogic {
  return {
    ...branded,
    config: options,
    getInitialSnapshot: () => snapshotOf('starting'),
    start(_snapshot, { self }) {
      const tell = (snapshot: SupervisorSnapshot): void => self.send(tidings(snapshot));
      const host = hostOf(self, {
        onPhase: (phase) => tell(snapshotOf(phase)),
        onEnd: (reason) => tell(endedBy(reason)),
        onError: (error) => tell({ ...snapshotOf('stopped'), status: 'error', error, output: undefined }),
      });
      const process = new SupervisorProcess(resolved, host, onOver);
      processes.set(self, process);
      registerSupervisor(self, process);
      process.start();
    },
    transition(snapshot, event, { self }) {
      if (event.type === 'xstate.stop') {
        processes.get(self)?.kill();
        return { ...snapshotOf('stopped'), status: 'stopped', output: undefined, error: undefined };
      }
      return told in event ? (event as Told)[told] : snapshot;
    },
    getPersistedSnapshot: (snapshot) => snapshot,
  };
}

const tidings = (snapshot: SupervisorSnapshot): Told => ({ type: 'holdfast.supervisor', [told]: snapshot });

const snapshotOf = (value: SupervisorSnapshot['value']): SupervisorSnapshot => ({
  status: 'active',
  output: undefined,
  error: undefined,
  value,
  hasTag: (tag) => tag === value,
});

/** A plain machine around it must not take giving up for being done. */
function endedBy(reason: ExitReason): SupervisorSnapshot {
  const snapshot = snapshotOf('stopped');
  const error = reason.type === 'shutdown' && reason.detail instanceof Error ? reason.detail : undefined;
  return error === undefined
    ? { ...snapshot, status: 'done', output: reason, error: undefined }
    : { ...snapshot, status: 'error', error, output: undefined };
}
