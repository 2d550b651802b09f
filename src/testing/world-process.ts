import { AsyncLocalStorage } from 'node:async_hooks';
import type { Milliseconds } from '../runtime/duration.js';
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

// One for all worlds: each storage of its own would be one more property of every promise and timer of the real process.
const current = new AsyncLocalStorage<Process>();

/** The processes of a world, and whose each event is. */
export class WorldProcesses {
  readonly #queue: EventQueue;

  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  create(): WorldProcess {
    return new Process(this.#queue);
  }

  /** Adds an event for whoever schedules it. */
  schedule(event: WorldEvent, at: Milliseconds): Ticket {
    const process = current.getStore();
    // What goes on after its world was left is nobody's in this one.
    const owner = process?.queue === this.#queue ? process : undefined;
    const ticket = this.#queue.add(event, at, owner);
    if (owner?.alive === false) this.#queue.remove(ticket);
    return ticket;
  }

  end(): void {
    current.disable();
  }
}

class Process implements WorldProcess {
  readonly queue: EventQueue;
  #alive = true;

  constructor(queue: EventQueue) {
    this.queue = queue;
  }

  get alive(): boolean {
    return this.#alive;
  }

  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  kill(): void {
    this.#alive = false;
    this.queue.removeOf(this);
  }
}
