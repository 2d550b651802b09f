import { wouldWaitForEver } from './deadlock.js';
import type { Claim, Scope } from './scope.js';

/** One that waits for a lock. */
interface Waiter {
  readonly scope: Scope;
  readonly granted: () => void;
  readonly refused: (error: unknown) => void;
}

/**
 * The lock of one key. It is held by a stack: a transaction, and inside it those that took the key over from it for their
 * own time. What a finished one held goes to the one around it, and is free when the outermost has ended.
 */
export class Lock implements Claim {
  readonly key: string;
  readonly #stack: Scope[] = [];
  readonly #line: Waiter[] = [];
  readonly #deadlock: (key: string) => Error;

  constructor(key: string, deadlock: (key: string) => Error) {
    this.key = key;
    this.#deadlock = deadlock;
  }

  get holder(): Scope | undefined {
    return this.#stack.at(-1);
  }

  /** Nobody holds it, and nobody waits. */
  get idle(): boolean {
    return this.#stack.length === 0 && this.#line.length === 0;
  }

  /** Undefined when it was free, or held by one around this scope. Otherwise when it is this scope's turn. */
  take(scope: Scope): Promise<void> | undefined {
    // One whose outer one holds it does not stand in line behind those who wait for just that.
    if (this.holder === undefined ? this.#line.length === 0 : this.holder.encloses(scope)) {
      this.#grant(scope);
      return undefined;
    }
    scope.awaits = this;
    if (wouldWaitForEver(scope)) {
      scope.awaits = undefined;
      throw this.#deadlock(this.key);
    }
    return new Promise((granted, refused) => this.#line.push({ scope, granted, refused }));
  }

  leave(scope: Scope, error: unknown): void {
    const at = this.#line.findIndex((waiter) => waiter.scope === scope);
    if (at < 0) return;
    const [waiter] = this.#line.splice(at, 1);
    scope.awaits = undefined;
    waiter?.refused(error);
  }

  /** Ended well, the one around it holds the lock; otherwise whoever held it before. */
  release(scope: Scope, how: 'done' | 'failed'): void {
    const at = this.#stack.indexOf(scope);
    if (at < 0) return;
    this.#stack.splice(at, 1);
    const { parent } = scope;
    if (how === 'done' && parent !== undefined && !this.#stack.includes(parent)) {
      this.#stack.push(parent);
      parent.locks.add(this);
    }
    this.#next();
  }

  #grant(scope: Scope): void {
    if (!this.#stack.includes(scope)) this.#stack.push(scope);
    scope.locks.add(this);
  }

  /** The first in line who may have it now. For those behind, it is another one that they wait for. */
  #next(): void {
    const { holder } = this;
    const at = this.#line.findIndex(({ scope }) => holder === undefined || holder.encloses(scope));
    if (at < 0) return;
    const [waiter] = this.#line.splice(at, 1);
    if (waiter === undefined) return;
    waiter.scope.awaits = undefined;
    this.#grant(waiter.scope);
    waiter.granted();
    // That closes a cycle only where the new holder's own unit waits for something.
    if (!waits(waiter.scope.root)) return;
    for (const { scope } of [...this.#line]) {
      if (wouldWaitForEver(scope)) this.leave(scope, this.#deadlock(this.key));
    }
  }
}

/** The locks of one cache's keys, those that are held or waited for. They belong to the handle: no actor's crash ends one. */
export class Locks {
  readonly #locks = new Map<string, Lock>();
  readonly #deadlock: (key: string) => Error;

  constructor(deadlock: (key: string) => Error) {
    this.#deadlock = deadlock;
  }

  get size(): number {
    return this.#locks.size;
  }

  holder(key: string): Scope | undefined {
    return this.#locks.get(key)?.holder;
  }

  /**
   * Waits, where it must, for the key.
   *
   * @throws DeadlockError when it would wait for ever.
   */
  take(key: string, scope: Scope): Promise<void> | undefined {
    let lock = this.#locks.get(key);
    if (lock === undefined) {
      lock = new Lock(key, this.#deadlock);
      this.#locks.set(key, lock);
      const made = lock;
      scope.root.whenOver(() => this.#tidy(made));
    }
    return lock.take(scope);
  }

  /** Who comes later makes another one: only while nobody has to do with this one. */
  #tidy(lock: Lock): void {
    const { holder } = lock;
    if (lock.idle) this.#locks.delete(lock.key);
    else holder?.root.whenOver(() => this.#tidy(lock));
  }
}

/** Whether it, or anything inside it, waits for a lock. */
function waits(unit: Scope): boolean {
  for (const scope of unit.family()) if (scope.awaits !== undefined) return true;
  return false;
}
