import type { AnyActorRef, AnyEventObject, InspectionEvent } from 'xstate';
import { attribution } from './attribution.js';
import { incarnationOfActor, ownerOf } from './owner.js';
import { onSent } from './sent.js';
import { isGone, onEnd } from './ties.js';
import { after, wallNow } from './time.js';

/** What a traced actor does. */
export type Traced =
  /** It is handed an event, however that was sent. */
  | { readonly type: 'in'; readonly event: AnyEventObject; readonly at: number }
  /** It sends one. `to`: the path of a supervised actor, else the id. */
  | { readonly type: 'out'; readonly event: AnyEventObject; readonly to: string; readonly at: number }
  /** It replies to an event that it was asked, and somebody waits for that. */
  | { readonly type: 'reply'; readonly event: AnyEventObject; readonly value: unknown; readonly at: number }
  /** It has dealt with an event, and stands so. */
  | {
      readonly type: 'transition';
      readonly event: AnyEventObject;
      readonly snapshot: unknown;
      readonly at: number;
    };

/**
 * Tells the messages of one actor, in and out, and its transitions (OTP's `sys:trace`), until the returned function is called or the
 * actor ends. Times are wall-clock ms. What a listener throws is reported as `listener.failed`, and harms nobody. An actor that nobody traces
 * pays nothing.
 *
 * Out is what it sends through Holdfast (for what it spawned or invoked too: they send and reply as it) or, by XState, to its family.
 * A raw `ref.send` to another supervised actor leaves no trace.
 *
 * @example
 * ```ts
 * const stop = sys.trace(runtime.whereis('sessions/warmer')!, (what) => console.log(what.type, what.event.type));
 * ```
 */
export function trace(ref: AnyActorRef, listener: (what: Traced) => void): () => void {
  if (isGone(ref)) return () => {};
  const told = guarded(ref, listener);
  const inspection = ref.system.inspect((event: InspectionEvent) => {
    const at = wallNow();
    if (event.type === '@xstate.event' && event.actorRef === ref) {
      told({ type: 'in', event: event.event, at });
    } else if (event.type === '@xstate.event' && event.sourceRef === ref) {
      told({ type: 'out', event: event.event, to: pathOf(event.actorRef as AnyActorRef), at });
    } else if (event.type === '@xstate.snapshot' && event.actorRef === ref) {
      told({ type: 'transition', event: event.event, snapshot: event.snapshot, at });
    }
  });
  const incarnation = incarnationOfActor(ref);
  const sent =
    incarnation &&
    onSent(incarnation, {
      sent: (to, event) => told({ type: 'out', event, to: pathOf(to), at: wallNow() }),
      replied: (event, value) => told({ type: 'reply', event, value, at: wallNow() }),
    });
  const stop = (): void => {
    inspection.unsubscribe();
    sent?.();
    live();
  };
  const live = onEnd(ref, stop);
  return stop;
}

function pathOf(ref: AnyActorRef): string {
  return incarnationOfActor(ref)?.path ?? ref.id;
}

/** Called as whoever traces, whatever is being traced. */
function guarded(ref: AnyActorRef, listener: (what: Traced) => void): (what: Traced) => void {
  const context = attribution();
  const listening = context.current();
  const scope = ownerOf(ref)?.scope;
  return (what) => {
    try {
      context.run(listening, () => listener(what));
    } catch (error) {
      if (scope !== undefined) return scope.listenerFailed('trace', error);
      after(0, () => {
        throw error;
      });
    }
  };
}
