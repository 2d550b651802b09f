import type { Scope } from './scope.js';

/**
 * Whether what a scope waits for cannot come before that scope itself has ended: it waits for the end of others, and one of
 * those, or what runs inside them, waits for its end, directly or through others, in whatever caches.
 */
export function wouldWaitForEver(scope: Scope): boolean {
  const looked = new Set<Scope>([scope]);
  for (const waiting of looked) {
    const holder = waiting.awaits?.holder;
    if (holder === undefined) continue;
    const awaited = outermostAround(holder, waiting);
    if (awaited.encloses(scope)) return true;
    for (const inside of awaited.family()) if (inside.awaits !== undefined) looked.add(inside);
  }
  return false;
}

/** Whose end it takes until the lock is free for the one that waits: a lock goes outwards until one around both has it. */
function outermostAround(holder: Scope, waiting: Scope): Scope {
  let at = holder;
  while (at.parent !== undefined && !at.parent.encloses(waiting)) at = at.parent;
  return at;
}
