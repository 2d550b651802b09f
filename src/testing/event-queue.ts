import type { Milliseconds } from '../runtime/duration.js';

/** Something that is to happen in a world. */
export interface WorldEvent {
  readonly kind: EventKind;
  /** What it is, in the trace. */
  readonly label: string;
  run(): void;
}

/** A `wake` is the world's own: it comes after everything else that is due at its instant. */
export type EventKind = 'timeout' | 'interval' | 'immediate' | 'hop' | 'wake';

/** What waits, and the way to take it back. */
export interface Ticket {
  readonly event: WorldEvent;
  /** When it is due: ms since the world began. */
  readonly at: Milliseconds;
  /** Whose it is; undefined: nobody's. */
  readonly owner: object | undefined;
  readonly order: number;
  state: 'waiting' | 'due' | 'gone';
}

/**
 * The events of a world, earliest first. Of those due at one instant a choice says which is next, 0 being the one that
 * was added first.
 */
export class EventQueue {
  /** A binary heap by (at, order). Events that were taken back stay in it until they come up. */
  readonly #heap: Ticket[] = [];
  readonly #due: Ticket[] = [];
  readonly #wakes: Ticket[] = [];
  #instant: Milliseconds = Number.NEGATIVE_INFINITY;
  #added = 0;

  /** The events that wait, in the order in which they were added. */
  get pending(): readonly Ticket[] {
    return [...this.#heap, ...this.#due, ...this.#wakes]
      .filter(({ state }) => state !== 'gone')
      .sort((a, b) => a.order - b.order);
  }

  add(event: WorldEvent, at: Milliseconds, owner?: object): Ticket {
    const ticket: Ticket = { event, at, owner, order: this.#added++, state: 'waiting' };
    if (at <= this.#instant) this.#becomeDue(ticket);
    else this.#push(ticket);
    return ticket;
  }

  /** Takes an event back. Harmless when it has run. */
  remove(ticket: Ticket): void {
    if (ticket.state === 'due') {
      const list = ticket.event.kind === 'wake' ? this.#wakes : this.#due;
      list.splice(list.indexOf(ticket), 1);
    }
    ticket.state = 'gone';
  }

  /** Takes back every event of an owner. */
  removeOf(owner: object): void {
    for (const ticket of this.pending) if (ticket.owner === owner) this.remove(ticket);
  }

  /** When the next event is due; undefined when none waits. */
  nextAt(): Milliseconds | undefined {
    const due = this.#due[0] ?? this.#wakes[0];
    return due !== undefined ? Math.max(due.at, this.#instant) : this.#top()?.at;
  }

  /** Takes the next event out. `choose(n)` says which of n that are due at one instant: 0 to n - 1. */
  take(choose: (among: number) => number): WorldEvent | undefined {
    if (this.#due.length === 0 && this.#wakes.length === 0) this.#advance();
    const list = this.#due.length > 0 ? this.#due : this.#wakes;
    const index = list === this.#due && list.length > 1 ? choose(list.length) : 0;
    const ticket = index === 0 ? list.shift() : list.splice(index, 1)[0];
    if (ticket === undefined) return undefined;
    ticket.state = 'gone';
    return ticket.event;
  }

  #advance(): void {
    const first = this.#top();
    if (first === undefined) return;
    this.#instant = first.at;
    for (let ticket = this.#top(); ticket?.at === this.#instant; ticket = this.#top()) {
      this.#pop();
      this.#becomeDue(ticket);
    }
  }

  #becomeDue(ticket: Ticket): void {
    ticket.state = 'due';
    (ticket.event.kind === 'wake' ? this.#wakes : this.#due).push(ticket);
  }

  #top(): Ticket | undefined {
    while (this.#heap[0]?.state === 'gone') this.#pop();
    return this.#heap[0];
  }

  #push(ticket: Ticket): void {
    const heap = this.#heap;
    let at = heap.push(ticket) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(ticket, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = ticket;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

const before = (a: Ticket, b: Ticket): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
