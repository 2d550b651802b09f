import { Bell } from './bell.js';

type Waiter<T> = { readonly resolve: (report: T) => void; readonly reject: (error: unknown) => void };

/**
 * Who waits for periodic work to be done now. Requests outlive the actor that does it: one made while that is being
 * restarted is found by its next incarnation.
 */
export class Requests<T> {
  /** Rung at every request. */
  readonly made = new Bell();
  #waiting: Waiter<T>[] = [];

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves with what the present or the next piece of work reports; rejects with what it failed of. */
  make(): Promise<T> {
    const report = new Promise<T>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.made.ring();
    return report;
  }

  resolve(report: T): void {
    for (const waiter of this.#waiting.splice(0)) waiter.resolve(report);
  }

  reject(error: unknown): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }
}
