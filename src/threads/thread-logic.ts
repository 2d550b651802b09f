import type { ActorLogic, AnyActorRef, AnyEventObject, EventObject, Snapshot } from 'xstate';
import { ActorDiedError } from '../errors.js';
import { isOrderly } from '../runtime/exit-reason.js';
import { holdMailbox, post, setOutlet } from '../runtime/mailbox.js';
import { ownerOf } from '../runtime/owner.js';
import { plainData } from '../runtime/plain-data.js';
import { askerOf } from '../runtime/question.js';
import { registerSupervisor } from '../runtime/supervisor-handle.js';
import type { ActorMirror, FromActor } from './actor-wire.js';
import { type ActorEnd, Connection, type ThreadPlan } from './connection.js';

/** An actor in a thread as it is seen from outside: where it stood a moment ago. */
export type ThreadSnapshot = Snapshot<unknown> & {
  /** A machine's state; `'starting'` until its thread has told anything; undefined of logic that has none. */
  readonly value: unknown;
  /** Undefined where it has none, or it cannot be cloned. */
  readonly context: unknown;
  readonly tags: ReadonlySet<string>;
  hasTag(tag: string): boolean;
};

/** The logic of a child that lives in a thread: a proxy. */
export type ThreadLogic = ActorLogic<ThreadSnapshot, AnyEventObject, unknown>;

/** What only this file can send. */
const told = Symbol('told');

interface Told extends EventObject {
  readonly [told]: ThreadSnapshot;
}

const unreported: ActorMirror = { value: 'starting', context: undefined, tags: ['starting'] };

const blind = new WeakSet<object>();

/** Whether the thread has told where its actor stands. */
export const isReported = (snapshot: object): boolean => !blind.has(snapshot);

/**
 * Actor logic that runs the module's logic in a thread of its own, and stands for it here: what it is sent crosses, and its end is
 * the thread's. An actor is started when the thread of the one before, whatever keeps that, has ended.
 */
export function threadLogic(plan: ThreadPlan): ThreadLogic {
  /** Threads that were told to end and have yet to. */
  const leaving = new Set<Promise<void>>();
  const inputs = new WeakMap<AnyActorRef, unknown>();
  const proxies = new WeakMap<AnyActorRef, Proxied>();

  const leave = (proxied: Proxied): void => {
    const { connection, self } = proxied;
    // What waits for it must not wait for ever.
    holdMailbox(self, false);
    const left = connection.kill().finally(() => leaving.delete(left));
    leaving.add(left);
  };

  return {
    config: plan,
    getInitialSnapshot({ self }, input) {
      inputs.set(self, input);
      const snapshot = snapshotOf(unreported);
      blind.add(snapshot);
      return snapshot;
    },
    start(_snapshot, { self }) {
      const proxied = proxy(self, plan, inputs.get(self), () => leave(proxied));
      proxies.set(self, proxied);
      const { connection } = proxied;
      const open = (): void => {
        try {
          connection.open();
        } catch (error) {
          proxied.ended({ reason: { type: 'error', error } });
        }
      };
      if (leaving.size === 0) open();
      else void Promise.all(leaving).then(open);
    },
    transition(snapshot, event, { self }) {
      if (event.type === 'xstate.stop') {
        const proxied = proxies.get(self);
        if (proxied !== undefined) leave(proxied);
        return { ...snapshot, status: 'stopped', output: undefined, error: undefined };
      }
      if (told in event) return (event as unknown as Told)[told];
      proxies.get(self)?.deliver(event);
      return snapshot;
    },
    getPersistedSnapshot: (snapshot) => snapshot,
  };
}

interface Proxied {
  readonly self: AnyActorRef;
  readonly connection: Connection;
  deliver(event: AnyEventObject): void;
  ended(end: ActorEnd): void;
}

function proxy(self: AnyActorRef, plan: ThreadPlan, input: unknown, leave: () => void): Proxied {
  const owner = ownerOf(self);
  const scope = owner?.scope;
  const path = owner?.ref === self ? owner.path : self.id;
  const tell = (snapshot: ThreadSnapshot): void =>
    self.send({ type: 'holdfast.thread', [told]: snapshot } as Told);
  let last = unreported;
  let end: ActorEnd | undefined;

  const ended = (given: ActorEnd): void => {
    end = given;
    leave();
    tell(endedBy(given, given.mirror ?? last, path));
  };
  const connection = new Connection(
    plan,
    { id: self.id, path, number: owner?.number ?? 1, input },
    {
      onMirror: (mirror) => {
        last = mirror;
        tell(snapshotOf(mirror));
      },
      onLetter: ({ to, event, because }) => forward(to, event, because),
      onLog: ({ level, fields, message }) => scope?.log(level, fields, message),
      onOpen: () => reopen(),
      onEnd: ended,
    },
  );
  const reopen = setOutlet(self, {
    check: (event) => void structuredClone(event),
    get isOpen() {
      return connection.isOpen;
    },
  });
  /** What the actor sends by a name that nobody in its thread bears is for this side. */
  const forward = (to: string, event: EventObject, because: Letter['because']): void => {
    const target = because === 'nobody' ? scope?.names.whereis(to) : undefined;
    if (target !== undefined) post(target, event, scope);
    else scope?.deadLetter(to, event, because);
  };

  // As a supervisor is, it is asked to stop, and says itself what it ended with.
  registerSupervisor(self, {
    get reason() {
      const type = end?.reason.type;
      return type === 'shutdown' || type === 'killed' ? end?.reason : undefined;
    },
    stop: (reason) => connection.stop(reason),
    kill: leave,
    suspend: async () => holdMailbox(self, true),
    resume: () => holdMailbox(self, false),
    aftermath: [],
    tree: () => [],
  });

  return {
    self,
    connection,
    ended,
    deliver(event) {
      try {
        // What the runtime tells of other actors holds their refs.
        connection.send(event.type.startsWith('holdfast.') ? (plainData(event) as EventObject) : event);
      } catch (error) {
        if (askerOf(event)?.refuse(error) === undefined) scope?.deadLetter(path, event, 'not-cloneable');
      }
    },
  };
}

type Letter = Extract<FromActor, { type: 'letter' }>;

function snapshotOf(mirror: ActorMirror): ThreadSnapshot {
  const { value, context } = mirror;
  const tags = new Set(mirror.tags);
  return {
    status: 'active',
    output: undefined,
    error: undefined,
    value,
    context,
    tags,
    hasTag: (tag) => tags.has(tag),
  };
}

/** A plain machine around it must not take a kill for being done. */
function endedBy({ reason, output }: ActorEnd, mirror: ActorMirror, path: string): ThreadSnapshot {
  const snapshot = snapshotOf(mirror);
  if (isOrderly(reason)) return { ...snapshot, status: 'done', output, error: undefined };
  const error =
    reason.type === 'error'
      ? reason.error
      : new ActorDiedError(`${path} was killed in its thread.`, undefined, reason);
  return { ...snapshot, status: 'error', error, output: undefined };
}
