import type { Chains } from './chains.js';

/** The finest cells are a second wide, each level's sixteen times the one below; the last reaches beyond 500 years. */
const finest = 1000;
const ratio = 16;
const levels = 8;
/** A deadline goes to the finest level on which it is fewer than this many cells away. */
const reach = 64;
/** Twice the reach: what is within it cannot meet in one cell. */
const cellsPerLevel = 128;
const cells = levels * cellsPerLevel;
const draining = cells;

/** The lists that an index threads through its chains; further ones are free for others. */
export const expiryLists = cells + 1;

/** How many slots one step may put elsewhere before it lets its caller breathe. */
const stride = 256;

/** `step`: nothing is due any more; or not done yet, ask again. */
export const done = -1;
export const breath = -2;

/**
 * What is due when, for a clock that may jump either way. Far deadlines lie in wide cells and move into finer ones as
 * they come near. A cell knows a time before which nothing in it is due; there is no cursor that a clock set back, or an
 * earlier deadline, could get past, and an idle year costs one look at each cell.
 *
 * A deadline that is put off stays where it is until its cell comes up: confirming an entry costs the index nothing.
 */
export class ExpiryIndex {
  readonly #chains: Chains;
  readonly #bounds = new Float64Array(cells).fill(Number.POSITIVE_INFINITY);
  /** Only chooses the level: a wrong one costs a move, never an eviction. */
  #now = Number.NaN;

  constructor(chains: Chains) {
    this.#chains = chains;
  }

  /** Takes up a slot that has no deadline yet. */
  insert(slot: number, deadline: number): void {
    if (!(deadline < Number.POSITIVE_INFINITY)) return;
    const place = Math.max(deadline, 0);
    if (Number.isNaN(this.#now)) this.#now = place;
    const away = place - this.#now;
    let width = finest;
    let level = 0;
    while (level < levels - 1 && away >= width * reach) {
      width *= ratio;
      level += 1;
    }
    const cell = level * cellsPerLevel + (Math.floor(place / width) % cellsPerLevel);
    if (deadline < this.#bounds[cell]!) this.#bounds[cell] = deadline;
    this.#chains.push(cell, slot);
  }

  /** The slot's deadline was `before` and is `after`. */
  update(slot: number, before: number, after: number): void {
    if (after >= before) return;
    this.#chains.remove(slot);
    this.insert(slot, after);
  }

  remove(slot: number): void {
    this.#chains.remove(slot);
  }

  /**
   * Takes out and returns a slot that is due at `now`; `done` when there is none; `breath` when it has worked for a while
   * and found none yet. May be left off and taken up again at any time.
   */
  step(now: number, deadlineOf: (slot: number) => number): number {
    this.#now = now;
    for (let moves = 0; moves < stride; moves += 1) {
      const slot = this.#chains.head(draining);
      if (slot < 0) {
        const cell = this.#due(now);
        if (cell < 0) return done;
        this.#bounds[cell] = Number.POSITIVE_INFINITY;
        this.#chains.move(cell, draining);
        continue;
      }
      this.#chains.remove(slot);
      const deadline = deadlineOf(slot);
      if (deadline <= now) return slot;
      this.insert(slot, deadline);
    }
    return breath;
  }

  #due(now: number): number {
    const bounds = this.#bounds;
    for (let cell = 0; cell < cells; cell += 1) if (bounds[cell]! <= now) return cell;
    return -1;
  }
}
