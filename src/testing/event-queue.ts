import type { Milliseconds } from '../runtime/duration.js';

/** Something that is to happen in a world. */
export interface WorldEvent {
  /** When it is due: ms since the world began. */
  readonly at: Milliseconds;
  readonly kind: EventKind;
  /** What it is, in the trace. */
  readonly label: string;
  run(): void;
}

/** A `wake` is the world's own: it comes after everything else that is due at its instant. */
export type EventKind = 'timeout' | 'interval' | 'immediate' | 'hop' | 'wake';

interface Entry {
  readonly event: WorldEvent;
  readonly order: number;
  state: 'waiting' | 'due' | 'gone';
}

/** What `add` hands out: the way to take an event back. */
export type Ticket = Entry;

/**
 * The events of a world, earliest first. Of those due at one instant a choice says which is next, 0 being the one that
 * was added first.
 */
export class EventQueue {
  /** A binary heap by (at, order). Events that were taken back stay in it until they come up. */
  readonly #heap: Entry[] = [];
  readonly #due: Entry[] = [];
  readonly #wakes: Entry[] = [];
  readonly #live = new Set<Entry>();
  #instant: Milliseconds = Number.NEGATIVE_INFINITY;
  #added = 0;

  /** The events that wait, in the order in which they were added. */
  get pending(): readonly WorldEvent[] {
    return Array.from(this.#live, (entry) => entry.event);
  }

  add(event: WorldEvent): Ticket {
    const entry: Entry = { event, order: this.#added++, state: 'waiting' };
    this.#live.add(entry);
    if (event.at <= this.#instant) this.#becomeDue(entry);
    else this.#push(entry);
    return entry;
  }

  /** Takes an event back. Harmless when it has run. */
  remove(entry: Ticket): void {
    if (entry.state === 'due') {
      const list = entry.event.kind === 'wake' ? this.#wakes : this.#due;
      list.splice(list.indexOf(entry), 1);
    }
    entry.state = 'gone';
    this.#live.delete(entry);
  }

  /** When the next event is due; undefined when none waits. */
  nextAt(): Milliseconds | undefined {
    const due = this.#due[0] ?? this.#wakes[0];
    return due !== undefined ? Math.max(due.event.at, this.#instant) : this.#top()?.event.at;
  }

  /** Takes the next event out. `choose(n)` says which of n that are due at one instant: 0 to n - 1. */
  take(choose: (among: number) => number): WorldEvent | undefined {
    if (this.#due.length === 0 && this.#wakes.length === 0) this.#advance();
    const list = this.#due.length > 0 ? this.#due : this.#wakes;
    const index = list === this.#due && list.length > 1 ? choose(list.length) : 0;
    const [entry] = list.splice(index, 1);
    if (entry === undefined) return undefined;
    entry.state = 'gone';
    this.#live.delete(entry);
    return entry.event;
  }

  #advance(): void {
    const first = this.#top();
    if (first === undefined) return;
    this.#instant = first.event.at;
    for (let entry = this.#top(); entry?.event.at === this.#instant; entry = this.#top()) {
      this.#pop();
      this.#becomeDue(entry);
    }
  }

  #becomeDue(entry: Entry): void {
    entry.state = 'due';
    (entry.event.kind === 'wake' ? this.#wakes : this.#due).push(entry);
  }

  #top(): Entry | undefined {
    while (this.#heap[0]?.state === 'gone') this.#pop();
    return this.#heap[0];
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
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

const before = (a: Entry, b: Entry): boolean =>
  a.event.at < b.event.at || (a.event.at === b.event.at && a.order < b.order);
