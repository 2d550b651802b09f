import * as v from 'valibot';
import type { AnyActorRef } from 'xstate';
import {
  ChildRestartingError,
  ChildRunningError,
  NoSuchActorError,
  NoSuchChildError,
  OptionsError,
  StateError,
} from '../src/errors.js';
import { type AskOptions, ask } from '../src/runtime/ask.js';
import { checkedOptions } from '../src/runtime/checked-options.js';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import type { Duration } from '../src/runtime/duration.js';
import { type EventOf, send } from '../src/runtime/mailbox.js';
import { restartChild, startChild, terminateChild } from './calls.js';
import { type Child, refOf } from './children.js';
import type { SupervisorOptions } from './options.js';
import { type PartitionKey, route } from './route.js';
import type { Strategy } from './strategy.js';
import { processOf, type SupervisorLogic, type SupervisorRef, supervisor } from './supervisor.js';
import type { SupervisorProcess } from './supervisor-process.js';

/** How a partition supervisor looks after its partitions. */
export interface PartitionSupervisorOptions {
  /** Makes the spec of a partition, numbered from 0; its id is the number. Called once for each, where the supervisor is made. */
  readonly child: (partition: number) => Omit<ChildSpec, 'id'>;
  /** How many, 1 or more. Default 8. Two processes route a key alike only if they have as many. */
  readonly partitions?: number;
  /** Default `'one-for-one'`. */
  readonly strategy?: Strategy;
  /** Default 3. */
  readonly maxRestarts?: number;
  /** Default `'5s'`. */
  readonly within?: Duration;
}

/** Makes partition supervisors, and finds the partition of a key. */
export interface PartitionSupervisor {
  /** @throws OptionsError that names the option, what was given and what would do. */
  (options: PartitionSupervisorOptions): SupervisorLogic;
  /**
   * The partition of a key: its current incarnation as soon as that is made, until then the one before. The same key has the same
   * partition as long as their number is the same. Never waits.
   *
   * @throws NoSuchActorError when the supervisor does not run, or has no partition.
   * @throws StateError when the actor is not a partition supervisor.
   */
  whereis(sup: SupervisorRef, key: PartitionKey): AnyActorRef;
  /**
   * Sends to the partition of a key. While that is being restarted the event is a dead letter.
   *
   * @throws MailboxFullError as `send` does; otherwise as `whereis`.
   */
  send(sup: SupervisorRef, key: PartitionKey, event: EventOf<AnyActorRef>): void;
  /** Asks the partition of a key. Rejects as `ask` does, and as `whereis` throws. */
  ask<Reply>(
    sup: SupervisorRef,
    key: PartitionKey,
    event: EventOf<AnyActorRef>,
    options?: AskOptions,
  ): Promise<Reply>;
  /** How many partitions keys are routed to. */
  partitions(sup: SupervisorRef): number;
  /**
   * Changes how many partitions keys are routed to, from 0 to as many as the supervisor was made with. Fewer: no key is routed to the
   * upper ones any more, then they are stopped, the last first; their specs stay. More: these are started again, and then routed to. One
   * after the other, in the order of the calls. A restarted supervisor has all of its partitions.
   *
   * @returns how many there were.
   * @throws OptionsError when `count` is not within that; StartError when a partition cannot be started: nothing is then routed to the
   * new ones; otherwise as `whereis`.
   */
  resize(sup: SupervisorRef, count: number): Promise<number>;
}

/**
 * A supervisor of several children of one kind, among which work is divided by a key (Elixir's `PartitionSupervisor`): all that
 * concerns one user goes to one actor, and no single actor has to do it all.
 *
 * @example
 * ```ts
 * const logic = partitionSupervisor({ partitions: 4, child: () => ({ logic: counter }) });
 * const counters = (await startChild(runtime.root, child({ id: 'counters', logic }))).ref as SupervisorRef;
 * partitionSupervisor.send(counters, userId, { type: 'inc' });
 * ```
 */
export const partitionSupervisor: PartitionSupervisor = Object.assign(make, {
  whereis,

  send(sup: SupervisorRef, key: PartitionKey, event: EventOf<AnyActorRef>): void {
    send(whereis(sup, key), event);
  },

  async ask<Reply>(
    sup: SupervisorRef,
    key: PartitionKey,
    event: EventOf<AnyActorRef>,
    options?: AskOptions,
  ): Promise<Reply> {
    return ask<Reply>(whereis(sup, key), event, options);
  },

  partitions: (sup: SupervisorRef): number => partsOf(sup).count,

  async resize(sup: SupervisorRef, count: number): Promise<number> {
    const parts = partsOf(sup);
    if (!Number.isSafeInteger(count) || count < 0 || count > parts.specs.length) {
      throw new OptionsError(
        `resize: "count" must be a whole number from 0 to ${parts.specs.length}, as many as the supervisor was made with. Given: ${String(count)}.`,
        { option: 'count', given: count },
      );
    }
    const resized = parts.resizing.then(() => resize(sup, parts, count));
    parts.resizing = resized.catch(() => {});
    return resized;
  },
});

/** The partitions of a supervisor that runs. */
interface Parts {
  readonly specs: readonly ChildSpec[];
  /** So many of them keys are routed to. */
  count: number;
  /** Settles when the last resize so far is over. Never rejects. */
  resizing: Promise<unknown>;
}

const running = new WeakMap<AnyActorRef, Parts>();

const many = 'must be a whole number, 1 or more';
const schema = v.strictObject({
  child: v.custom<PartitionSupervisorOptions['child']>(
    (value) => typeof value === 'function',
    'must be a function that returns a child spec without "id"',
  ),
  partitions: v.optional(v.pipe(v.number(many), v.safeInteger(many), v.minValue(1, many)), 8),
  strategy: v.optional(v.custom<Strategy>(() => true)),
  maxRestarts: v.optional(v.custom<number>(() => true)),
  within: v.optional(v.custom<Duration>(() => true)),
});

function make(options: PartitionSupervisorOptions): SupervisorLogic {
  const { child, partitions, ...rest } = checkedOptions(schema, options, { of: 'partitionSupervisor' });
  const specs = Array.from({ length: partitions }, (_, n): ChildSpec => ({ ...child(n), id: String(n) }));
  const logic = supervisor({ ...(rest as Omit<SupervisorOptions, 'children'>), children: specs });
  return {
    ...logic,
    start(snapshot, scope) {
      running.set(scope.self, { specs, count: specs.length, resizing: Promise.resolve() });
      logic.start?.(snapshot, scope);
    },
  };
}

function whereis(sup: SupervisorRef, key: PartitionKey): AnyActorRef {
  const { count } = partsOf(sup);
  if (count === 0)
    throw new NoSuchActorError(`The supervisor '${sup.id}' has no partition now: it was resized to 0.`);
  const id = String(route(key, count));
  const child = (processOf(sup) as SupervisorProcess).roster.get(id);
  const ref = child && bearerOf(child);
  if (ref !== undefined) return ref;
  throw new NoSuchActorError(`The partition '${id}' of the supervisor '${sup.id}' has not been started.`);
}

/** A start that failed is nobody: then it is who ran last. */
function bearerOf(child: Child): AnyActorRef | undefined {
  const ref = refOf(child);
  return child.incarnation?.reason === undefined ? (ref ?? child.former) : (child.former ?? ref);
}

function partsOf(sup: SupervisorRef): Parts {
  const parts = running.get(sup);
  if (parts !== undefined && sup.getSnapshot().status === 'active') return parts;
  if (parts !== undefined) throw new NoSuchActorError(`The supervisor '${sup.id}' has ended.`);
  throw new StateError(
    `The actor '${sup.id}' is not a partition supervisor that runs: make it by partitionSupervisor().`,
  );
}

async function resize(sup: SupervisorRef, parts: Parts, count: number): Promise<number> {
  const before = parts.count;
  if (count < before) {
    parts.count = count;
    for (let n = before - 1; n >= count; n--) await terminateChild(sup, String(n));
  } else {
    for (const spec of parts.specs.slice(before, count)) await bringBack(sup, spec);
    parts.count = count;
  }
  return before;
}

/** It may have been started again with its group meanwhile, or, a temporary one, been forgotten. */
async function bringBack(sup: SupervisorRef, spec: ChildSpec): Promise<void> {
  try {
    await restartChild(sup, spec.id);
  } catch (error) {
    if (error instanceof NoSuchChildError) await startChild(sup, spec);
    else if (!(error instanceof ChildRunningError || error instanceof ChildRestartingError)) throw error;
  }
}
