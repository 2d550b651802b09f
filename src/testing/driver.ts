import { InvariantError, WorldError, WorldStuckError } from '../errors.js';
import type { Milliseconds } from '../runtime/duration.js';
import { EventQueue, type WorldEvent } from './event-queue.js';
import { nextTurn } from './real-loop.js';
import { shown } from './shown.js';
import type { Trace } from './trace.js';

/** How many turns of the real loop a run that has nothing scheduled may go on: a message of a real port takes one or two. */
const patience = 25;

/**
 * Turns that are asked for at once: between two of them Node drains every microtask and tick, and the real loop, which costs five times
 * as much, is gone round once for all of them.
 */
const turnsAtOnce = 16;

/** How many events may run at one instant before time is said to stand still. */
const instantLimit = 100_000;

/** What the driver runs for. */
interface Goal {
  readonly deadline: Milliseconds;
  settled: boolean;
  end(): void;
  reject(error: unknown): void;
}

/**
 * What moves a world: takes the earliest event, runs it, waits until the real loop has drained every microtask and tick,
 * checks what must always hold, and goes on until what it was asked for has settled.
 */
export class Driver {
  readonly queue = new EventQueue();
  readonly #trace: Trace;
  readonly #tape: readonly number[];
  readonly #signal: AbortSignal | undefined;
  readonly #invariants = new Set<{ readonly name: string; readonly check: () => void }>();
  readonly #held = new Set<Promise<unknown>>();
  #now: Milliseconds = 0;
  #choices = 0;
  #events = 0;
  #atThisInstant = 0;
  readonly #goals = new Set<Goal>();
  #idle = 0;
  /** Turns that were asked for and have not come yet. */
  #turns = 0;
  /** Those are not to be used: the real loop must have gone round. */
  #goesRound = false;
  /** Something real is waited for, and no turn is used. */
  #stands = false;
  #ended = false;
  #broken: InvariantError | undefined;

  constructor(trace: Trace, tape: readonly number[], signal: AbortSignal | undefined) {
    this.#trace = trace;
    this.#tape = tape;
    this.#signal = signal;
  }

  /** Virtual ms since the world began. */
  get now(): Milliseconds {
    return this.#now;
  }

  /** How many events ran. */
  get events(): number {
    return this.#events;
  }

  /** Moves time without running what falls due. */
  skip(by: Milliseconds): void {
    this.#now += by;
    this.#atThisInstant = 0;
  }

  /** Time stands until `work` has settled. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held.add(held);
    try {
      return await work();
    } finally {
      this.#held.delete(held);
      release();
    }
  }

  /** Something real is waited for. */
  get holding(): boolean {
    return this.#held.size > 0;
  }

  always(name: string, check: () => void): () => void {
    const invariant = { name, check };
    this.#invariants.add(invariant);
    return () => void this.#invariants.delete(invariant);
  }

  /** Resolves at `at`, after everything else that is due by then. */
  wake(at: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      this.queue.add({ kind: 'wake', label: 'wake', run: resolve }, at);
    });
  }

  /** Nothing runs any more. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Runs events until `goal` has settled. A goal set while another is driven joins it: it settles with its own last event,
   * the first one only once what must always hold was checked after its last.
   */
  drive<T>(goal: Promise<T>, within: Milliseconds): Promise<T> {
    if (this.#ended) return Promise.reject(new WorldError('This world was left. Make a new one.'));
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const joins = this.#goals.size > 0;
    return new Promise((resolve, reject) => {
      const kept: Goal = { deadline: this.#now + within, settled: false, end: () => resolve(goal), reject };
      this.#goals.add(kept);
      const settle = (): void => {
        kept.settled = true;
        if (joins) kept.end();
      };
      goal.then(settle, settle);
      if (!joins) this.#turn();
    });
  }

  /**
   * What runs now has thrown where nobody caught it: Node leaves the rest of the ticks and microtasks to a later round of its loop.
   */
  readonly disturbed = (): void => {
    this.#goesRound = true;
  };

  /** Sees to it that a turn comes: by then every microtask and tick of the step before has run. */
  #turn(): void {
    if (this.#turns > 0) return;
    this.#turns = this.#goesRound ? 1 : turnsAtOnce;
    this.#goesRound = false;
    for (let n = 0; n < this.#turns; n++) nextTurn(this.#taken);
  }

  readonly #taken = (): void => {
    this.#turns--;
    if (this.#goals.size === 0 || this.#stands) return;
    if (this.#goesRound) this.#turn();
    else this.#step();
  };

  #step(): void {
    try {
      this.#signal?.throwIfAborted();
      this.#checkInvariants();
      for (const goal of this.#goals) if (goal.settled) this.#finish(goal);
      if (this.#goals.size === 0) return;
      if (this.#held.size > 0) {
        this.#stands = true;
        void Promise.allSettled(this.#held).then(() => {
          this.#stands = false;
          this.#turn();
        });
        return;
      }
      this.#idle = this.#runNext() ? 0 : this.#idle + 1;
      if (this.#idle > 0) this.#goesRound = true;
      if (this.#idle > patience) throw new WorldStuckError(this.#nothingScheduled());
    } catch (error) {
      this.#idle = 0;
      for (const goal of this.#goals) goal.reject(error);
      this.#goals.clear();
      return;
    }
    this.#turn();
  }

  #finish(goal: Goal): void {
    this.#goals.delete(goal);
    goal.end();
  }

  /** False: nothing is scheduled. */
  #runNext(): boolean {
    if (this.#ended) throw new WorldError('This world was left while it ran.');
    const at = this.queue.nextAt();
    if (at === undefined) return false;
    for (const goal of this.#goals) {
      if (at <= goal.deadline) continue;
      throw new WorldStuckError(
        `What is awaited did not happen by ${goal.deadline} ms, the limit of virtual time ("within"). ${this.queue.pending.length} events wait, the next is due at ${at} ms.`,
      );
    }
    const event = this.queue.take(this.#choose);
    if (event !== undefined) this.#execute(event, at);
    return true;
  }

  readonly #choose = (among: number): number => {
    const choice = (this.#tape[this.#choices++] ?? 0) % among;
    if (choice !== 0) this.#trace.add(this.#now, `choice ${choice} of ${among}`);
    return choice;
  };

  #execute(event: WorldEvent, at: Milliseconds): void {
    this.#atThisInstant = at > this.#now ? 1 : this.#atThisInstant + 1;
    this.#now = Math.max(this.#now, at);
    if (this.#atThisInstant > instantLimit) {
      throw new WorldStuckError(
        `Time stands still at ${this.#now} ms: ${instantLimit} events ran at this one instant, now ${event.label}. Something schedules itself again without delay.`,
      );
    }
    this.#events++;
    if (event.kind !== 'wake') this.#trace.add(this.#now, event.label);
    event.run();
  }

  #checkInvariants(): void {
    for (const { name, check } of this.#invariants) {
      try {
        check();
      } catch (cause) {
        this.#broken = new InvariantError(`"${name}" does not hold at ${this.#now} ms: ${shown(cause)}`, {
          cause,
        });
        throw this.#broken;
      }
    }
  }

  #nothingScheduled(): string {
    return (
      `What is awaited can never happen: at ${this.#now} ms nothing is scheduled in this world, no timer, no immediate. ` +
      'It waits for something that is never settled, or for something real (I/O, a worker): hold time for that with `world.outside(work)`.'
    );
  }
}
