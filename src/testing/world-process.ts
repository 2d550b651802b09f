import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventQueue, Ticket, WorldEvent } from './event-queue.js';

/** A process in a world: what was begun in it dies with it. */
export interface WorldProcess {
  /** Runs `work` in the process: every timer that comes of it is the process's, through promises too. */
  run<T>(work: () => T): T;
  /**
   * SIGKILL: nothing of it ever runs again, nothing is stopped, nothing flushed. Promises that waited for its timers
   * stay pending for ever.
   */
  kill(): void;
  readonly alive: boolean;
}

/** The processes of a world, and whose each event is. */
export class WorldProcesses {
  readonly #queue: EventQueue;
  readonly #current = new AsyncLocalStorage<Process>();

  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  create(): WorldProcess {
    return new Process(this.#queue, this.#current);
  }

  /** Adds an event for whoever schedules it. */
  schedule(event: WorldEvent): Ticket {
    return this.#current.getStore()?.schedule(event) ?? this.#queue.add(event);
  }

  end(): void {
    this.#current.disable();
  }
}

class Process implements WorldProcess {
  readonly #queue: EventQueue;
  readonly #current: AsyncLocalStorage<Process>;
  readonly #tickets = new Set<Ticket>();
  #alive = true;

  constructor(queue: EventQueue, current: AsyncLocalStorage<Process>) {
    this.#queue = queue;
    this.#current = current;
  }

  get alive(): boolean {
    return this.#alive;
  }

  run<T>(work: () => T): T {
    return this.#current.run(this, work);
  }

  kill(): void {
    this.#alive = false;
    for (const ticket of this.#tickets) this.#queue.remove(ticket);
    this.#tickets.clear();
  }

  schedule(event: WorldEvent): Ticket {
    const ticket = this.#queue.add({
      ...event,
      run: () => {
        this.#tickets.delete(ticket);
        event.run();
      },
    });
    if (this.#alive) this.#tickets.add(ticket);
    else this.#queue.remove(ticket);
    return ticket;
  }
}
