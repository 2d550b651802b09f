import type { AnyActorRef } from 'xstate';
import { noSuchActor } from './exit-signal.js';
import { existingTies, isGone, type Monitor, type MonitorRef, tellDown, tiesOf } from './ties.js';

/**
 * Watches an actor: when it ends, `watcher` gets the event `{ type: 'holdfast.down', ref, target, reason }` exactly once for
 * each monitor. It comes before all events that wait in the watcher's mailbox, and no bound drops it. One way; any actors will
 * do, supervised or not. What is monitored is the incarnation, not its successors.
 *
 * If the target has ended already, the watcher is told at once, with a `NoSuchActorError` as the reason (OTP's `noproc`). A
 * monitor ends with its watcher.
 *
 * @example
 * ```ts
 * entry: assign({ watch: ({ self, context }) => monitor(self, context.worker) }),
 * on: { 'holdfast.down': { guard: ({ event, context }) => event.ref === context.watch, target: 'alone' } }
 * ```
 */
export function monitor(watcher: AnyActorRef, target: AnyActorRef): MonitorRef {
  const made: Monitor = { watcher, target, cut: false };
  if (isGone(watcher)) return made;
  if (isGone(target)) {
    tellDown(made, noSuchActor(target));
  } else {
    tiesOf(target).watchers.add(made);
    tiesOf(watcher).watching.add(made);
  }
  return made;
}

/**
 * Ends a monitor. When this has returned, its `holdfast.down` is not delivered any more, not even one that was on its way
 * (OTP's `demonitor` with `flush`).
 *
 * @example
 * ```ts
 * demonitor(context.watch);
 * ```
 */
export function demonitor(ref: MonitorRef): void {
  const made = ref as Monitor;
  made.cut = true;
  existingTies(made.target)?.watchers.delete(made);
  existingTies(made.watcher)?.watching.delete(made);
}
