import type { MessagePort } from 'node:worker_threads';
import type { AnyActorLogic } from 'xstate';
import { OptionsError } from '../errors.js';
import type { AsyncOwner } from '../runtime/attribution.js';
import type { ExitReason } from '../runtime/exit-reason.js';
import { Incarnation } from '../runtime/incarnation.js';
import { send } from '../runtime/mailbox.js';
import { type Asker, questionOf } from '../runtime/question.js';
import { shutDown } from '../runtime/shutdown.js';
import { after } from '../runtime/time.js';
import { snapshotOf } from '../runtime/xstate.js';
import {
  type ActorOrder,
  type FromActor,
  packOutput,
  packReason,
  type ToActor,
  unpackReason,
} from './actor-wire.js';
import { Mirror, mirrorOf } from './mirror.js';
import { ThreadScope } from './thread-scope.js';
import { packError } from './wire.js';

/**
 * Runs the actor that the thread is for: a root of its own, so that what crashes a supervised actor crashes it, an asynchronous error
 * included. Its end is told, and whoever opened the thread then ends that.
 */
export async function reside(order: ActorOrder): Promise<void> {
  const { port, path, number, beats, beat } = order;
  // A module that waits for ever while it loads is not an end: whoever opened the thread has a timeout.
  port.ref();
  if (beats !== undefined) throb(new Int32Array(beats), beat);
  const scope = new ThreadScope(port, path, number);
  scope.attribution.hold();
  let life: Incarnation | undefined;
  let mirror: Mirror | undefined;
  let over = false;

  const end = (reason: ExitReason): void => {
    if (over) return;
    over = true;
    mirror?.close();
    const made = life?.isMade === true ? life.ref : undefined;
    const output = packOutput(made && snapshotOf(made).output);
    port.postMessage({
      type: 'end',
      reason: packReason(reason),
      output,
      state: made && mirrorOf(made),
    } satisfies FromActor);
  };
  const loading: AsyncOwner = { asyncError: (error) => end({ type: 'error', error }) };

  let logic: AnyActorLogic;
  try {
    logic = await scope.attribution.run(loading, () => load(order));
  } catch (error) {
    return end({ type: 'error', error });
  }
  if (over) return;
  life = new Incarnation(scope, specOf(order, logic), path);
  const incarnation = life;
  incarnation.atEnd((reason) => end(reasonOf(incarnation, reason)));
  try {
    incarnation.make();
  } catch (error) {
    return end({ type: 'error', error });
  }
  const { ref } = incarnation;
  const mirrored = new Mirror(port, ref);
  mirror = mirrored;
  ref.subscribe({ next: () => mirrored.changed(), error: () => {} });
  void incarnation.start();
  const ask = questioner(port);
  port.on('message', (message: ToActor) => {
    if (message.type === 'seen') return mirrored.seen();
    if (message.type === 'stop') {
      void shutDown(incarnation, unpackReason(message.reason), 'infinity');
      return;
    }
    const { event } = message;
    send(ref, message.type === 'question' ? ask(message.id, event) : event);
    mirrored.received();
  });
}

/** On the other side it is judged whether it is ready, and how much may wait for it. */
const specOf = ({ id, input }: ActorOrder, logic: AnyActorLogic) => ({
  id,
  logic,
  input: () => input,
  shutdown: 'infinity' as const,
  ready: () => true,
  startTimeout: 'infinity' as const,
  mailbox: { bound: Number.POSITIVE_INFINITY, overflow: 'reject' as const },
});

/** Whether one that is done at once was done too soon is for the other side to say. */
function reasonOf(life: Incarnation, reason: ExitReason): ExitReason {
  const done = life.isMade && snapshotOf(life.ref).status === 'done';
  return done && reason.type === 'error' ? { type: 'normal' } : reason;
}

async function load({ module, input }: ActorOrder): Promise<AnyActorLogic> {
  const loaded = (await import(module)) as { readonly default?: unknown };
  // A CommonJS module that was compiled from an ES module has its default within it.
  const given = isLogic(loaded.default)
    ? loaded.default
    : ((loaded.default as { readonly default?: unknown } | undefined)?.default ?? loaded.default);
  const logic: unknown = typeof given === 'function' ? await (given as Maker)(input) : given;
  if (isLogic(logic)) return logic;
  throw new OptionsError(
    `The default export of ${module} must be XState actor logic (a machine, fromPromise(…), fromCallback(…), fromTransition(…), supervisor(…)), or a function of the input that returns one. It is ${typeof given === 'function' ? 'a function that returned ' : ''}${String(logic)}.`,
    { option: 'module', given: module },
  );
}

type Maker = (input: unknown) => unknown;

const isLogic = (value: unknown): value is AnyActorLogic =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'transition') === 'function' &&
  typeof Reflect.get(value, 'getInitialSnapshot') === 'function';

/** Makes questions whose replies cross. One that nobody can reply to any more is taken back. */
function questioner(port: MessagePort): (id: number, event: { readonly type: string }) => { type: string } {
  const post = (message: FromActor): void => port.postMessage(message);
  const open = new FinalizationRegistry<number>((id) => post({ type: 'forgotten', id }));
  return (id, event) => {
    let waiting = true;
    const settle = (message: () => FromActor): boolean => {
      if (!waiting) return false;
      waiting = false;
      open.unregister(asker);
      try {
        post(message());
      } catch (error) {
        post({ type: 'refusal', id, error: packError(error) });
      }
      return true;
    };
    const asker: Asker = {
      answer: (value) => settle(() => ({ type: 'reply', id, value })),
      refuse: (error) => settle(() => ({ type: 'refusal', id, error: packError(error) })),
    };
    open.register(asker, id, asker);
    return questionOf(event, asker);
  };
}

/** Shows that the event loop turns. */
function throb(beats: Int32Array, every: number): void {
  Atomics.add(beats, 0, 1);
  after(every, () => throb(beats, every), { background: true });
}
