import type { AnyActorRef } from 'xstate';
import type { ExitReason } from './exit-reason.js';
import { signalExit } from './exit-signal.js';
import { Fifo } from './fifo.js';
import { tell } from './mailbox.js';
import { incarnationOfActor } from './owner.js';
import { endOf, isOver } from './xstate.js';

/** What an actor with a monitor is told, once, at the end of its target. */
export interface DownEvent {
  readonly type: 'holdfast.down';
  readonly ref: MonitorRef;
  readonly target: AnyActorRef;
  /** How it ended; an error, `NoSuchActorError`, when it had ended before it was monitored (OTP's `noproc`). */
  readonly reason: ExitReason;
}

/** A monitor. Compare it with the `ref` of a `holdfast.down`, and give it to `demonitor`. */
export interface MonitorRef {
  readonly watcher: AnyActorRef;
  readonly target: AnyActorRef;
}

export interface Monitor extends MonitorRef {
  /** Taken back: it is told no more. */
  cut: boolean;
}

/** An exit event of a link that waits to be delivered. */
interface Notice {
  readonly from: AnyActorRef;
}

/** What hangs on one actor's end, and on whose end it hangs. Exists for an actor that was linked or monitored only. */
export class Ties {
  readonly #self: AnyActorRef;
  readonly links = new Set<AnyActorRef>();
  /** Those whose target it is. */
  readonly watchers = new Set<Monitor>();
  /** Its own. */
  readonly watching = new Set<Monitor>();
  readonly #notices = new Set<Notice>();

  constructor(self: AnyActorRef) {
    this.#self = self;
  }

  /** It has ended. Nothing of it is left, and whoever is concerned is told. */
  end(reason: ExitReason): void {
    for (const monitor of this.watching) ties.get(monitor.target)?.watchers.delete(monitor);
    for (const monitor of this.watchers) {
      ties.get(monitor.watcher)?.watching.delete(monitor);
      tellDown(monitor, reason);
    }
    const links = [...this.links];
    for (const each of [this.watching, this.watchers, this.links, this.#notices]) each.clear();
    for (const peer of links) signals.push(() => this.#signal(peer, reason));
    propagate();
  }

  /** A signal over a link arrives here. Until it is delivered, it can be taken back. */
  arrive(from: AnyActorRef, reason: ExitReason): void {
    const self = incarnationOfActor(this.#self);
    if (self === undefined) return;
    const notice: Notice = { from };
    const waits = signalExit(this.#self, self, from, reason, () => this.#notices.delete(notice));
    if (waits) this.#notices.add(notice);
  }

  /** Nothing that has come over a link from there is delivered any more. */
  withdraw(from: AnyActorRef): void {
    for (const notice of this.#notices) if (notice.from === from) this.#notices.delete(notice);
  }

  /** The peer forgets the link when the signal reaches it: until then it can be cut. */
  #signal(peer: AnyActorRef, reason: ExitReason): void {
    const its = ties.get(peer);
    if (its?.links.delete(this.#self)) its.arrive(this.#self, reason);
  }
}

const ties = new WeakMap<AnyActorRef, Ties>();

export const existingTies = (ref: AnyActorRef): Ties | undefined => ties.get(ref);

/** The ties of an actor that lives. */
export function tiesOf(ref: AnyActorRef): Ties {
  const existing = ties.get(ref);
  if (existing !== undefined) return existing;
  const made = new Ties(ref);
  ties.set(ref, made);
  const incarnation = incarnationOfActor(ref);
  if (incarnation !== undefined) incarnation.ties = made;
  else onEnd(ref, (reason) => made.end(reason));
  return made;
}

/** Whether an actor has ended, and its end has been told to all whom it concerns. */
export function isGone(ref: AnyActorRef): boolean {
  const incarnation = incarnationOfActor(ref);
  return incarnation === undefined ? isOver(ref) : incarnation.reason !== undefined;
}

/** Calls back when an actor ends, supervised or not. Returns the way out. */
export function onEnd(ref: AnyActorRef, callback: (reason: ExitReason) => void): () => void {
  const incarnation = incarnationOfActor(ref);
  if (incarnation !== undefined) return incarnation.atEnd(callback);
  const end = (): void => callback(endOf(ref));
  const life = ref.subscribe({ complete: end, error: end });
  return () => life.unsubscribe();
}

/** Told until the monitor is taken back. */
export function tellDown(monitor: Monitor, reason: ExitReason): void {
  const { target } = monitor;
  const event: DownEvent = { type: 'holdfast.down', ref: monitor, target, reason };
  tell(monitor.watcher, event, () => !monitor.cut);
}

const signals = new Fifo<() => void>();
let propagating = false;

/** One signal after the other and never within another: a long chain of links does not nest. */
function propagate(): void {
  if (propagating) return;
  propagating = true;
  try {
    for (let next = signals.shift(); next !== undefined; next = signals.shift()) next();
  } finally {
    propagating = false;
  }
}
