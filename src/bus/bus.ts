import mittModule, { type Emitter } from 'mitt';
import { witness } from '../witness.js';

// mitt ships one declaration for both module systems; as an ES module its default export is the function itself.
const mitt = mittModule as unknown as typeof mittModule.default;

/** What a listener is handed: the topic as `type`, and the payload's fields beside it. */
export type BusEvent<Events, Topic extends keyof Events = keyof Events> = {
  [T in Topic]: { readonly type: T } & Events[T];
}[Topic];

/** An actor that can be subscribed: what the bus needs of it, and every XState actor has. */
export interface Subscriber {
  send(event: { readonly type: string }): void;
  subscribe(observer: { complete?: () => void; error?: (error: unknown) => void }): { unsubscribe(): void };
}

type Listener<Events, Topic extends keyof Events> = (event: BusEvent<Events, Topic>) => void;

/**
 * Typed events, published to whoever listens now, at most once: no guarantee may rest on one arriving.
 *
 * @example
 * ```ts
 * const off = cache.bus.subscribe('source.down', ({ since }) => alert(`away since ${new Date(since)}`));
 * ```
 */
export interface Bus<Events> {
  /** Hands the event to every listener of the topic and of `'*'`. A listener that throws harms nobody else. */
  publish<Topic extends keyof Events & string>(topic: Topic, payload: Events[Topic]): void;
  /**
   * Listens until the returned function is called. An actor that is subscribed gets the events as its own, and its
   * subscription ends with its incarnation.
   */
  subscribe<Topic extends keyof Events & string>(
    topic: Topic,
    listener: Listener<Events, Topic> | Subscriber,
  ): () => void;
  subscribe(topic: '*', listener: Listener<Events, keyof Events> | Subscriber): () => void;
}

/** @internal A bus as its owner has it. */
export interface OwnBus<Events> extends Bus<Events> {
  /** Whether anybody listens to the topic. */
  hears(topic: keyof Events & string): boolean;
  /** Whether anybody listens to the topic by its name. */
  asks(topic: keyof Events & string): boolean;
}

export interface BusOptions {
  /** Told of what a listener threw, or rejected with. Default: dropped. */
  readonly onListenerError?: (error: unknown, topic: string) => void;
  /** How an event reaches an actor. Default: its own `send`. */
  readonly deliver?: (actor: Subscriber, event: { readonly type: string }) => void;
}

/** Makes a bus. */
export function createBus<Events>(options: BusOptions = {}): OwnBus<Events> {
  const { onListenerError = () => {}, deliver = (actor, event) => actor.send(event) } = options;
  const emitter: Emitter<Record<string, { readonly type: string }>> = mitt();

  function guarded(topic: string, listener: unknown, call: (event: { readonly type: string }) => unknown) {
    const handler = (first: unknown, second?: unknown): void => {
      // mitt hands a '*' listener the topic first and the event second.
      const event = (topic === '*' ? second : first) as { readonly type: string };
      const onlooker = witness();
      if (onlooker?.heard === undefined) hand(event);
      else onlooker.heard(event.type, listener, () => hand(event));
    };
    const hand = (event: { readonly type: string }): void => {
      try {
        const outcome = call(event);
        // An async listener throws by rejecting.
        if (outcome instanceof Promise) outcome.catch((error) => onListenerError(error, event.type));
      } catch (error) {
        onListenerError(error, event.type);
      }
    };
    emitter.on(topic, handler);
    return () => emitter.off(topic, handler);
  }

  const listenersOf = (topic: string): number => emitter.all.get(topic)?.length ?? 0;

  return {
    asks: (topic) => listenersOf(topic) > 0,
    hears: (topic) => listenersOf(topic) + listenersOf('*') > 0,
    publish: (topic, payload) => emitter.emit(topic, Object.assign({}, payload as object, { type: topic })),
    subscribe(topic: string, listener: ((event: never) => void) | Subscriber) {
      if (typeof listener === 'function')
        return guarded(topic, listener, listener as (event: unknown) => void);
      const off = guarded(topic, listener, (event) => deliver(listener, event));
      const end = (): void => {
        off();
        life.unsubscribe();
      };
      const life = listener.subscribe({ complete: off, error: off });
      return end;
    },
  };
}
