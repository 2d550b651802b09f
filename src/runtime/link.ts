import type { AnyActorRef } from 'xstate';
import { noSuchActor, supervised } from './exit-signal.js';
import { existingTies, isGone, type Link, tiesOf } from './ties.js';

/**
 * Links two supervised actors: when one ends, the other gets an exit signal with the same reason, from it. That ends the
 * other, too, unless the reason is `normal`; its supervisor then does what its spec says. With `trapExit` it gets the
 * event `holdfast.exit` instead. A supervisor traps exits and ignores those of strangers.
 *
 * One link a pair, however often it is made, and it works both ways. If one of them has ended already, the other gets the signal at
 * once, with a `NoSuchActorError` as its reason (OTP's `noproc`). A link ends with either of them.
 *
 * @throws StateError when one of them is not a supervised actor itself.
 * @example
 * ```ts
 * const connection = runtime.whereis('connection')!;
 * link(self, connection);
 * ```
 */
export function link(a: AnyActorRef, b: AnyActorRef): void {
  supervised(a, 'link');
  supervised(b, 'link');
  if (a === b) return;
  const [aGone, bGone] = [isGone(a), isGone(b)];
  if (aGone && bGone) return;
  if (aGone || bGone) {
    const [gone, living] = aGone ? [a, b] : [b, a];
    tiesOf(living).arrive(gone, noSuchActor(gone));
    return;
  }
  const { links } = tiesOf(a);
  if (links.has(b)) return;
  const made: Link = { ends: [a, b] };
  links.set(b, made);
  tiesOf(b).links.set(a, made);
}

/**
 * Takes a link away. When this has returned, no exit signal of it reaches either actor, not even one that was on its way.
 * Without a link nothing happens.
 *
 * @example
 * ```ts
 * unlink(self, connection);
 * ```
 */
export function unlink(a: AnyActorRef, b: AnyActorRef): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const ties = existingTies(one);
    ties?.links.delete(other);
    ties?.withdraw(other);
  }
}
