interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Who waits for something to happen to a subject. */
export class Waiters<S> {
  readonly #waiting = new Map<S, Waiter[]>();

  get subjects(): Iterable<S> {
    return [...this.#waiting.keys()];
  }

  wait(subject: S): Promise<void> {
    return new Promise((resolve, reject) => {
      const list = this.#waiting.get(subject) ?? [];
      this.#waiting.set(subject, list);
      list.push({ resolve, reject });
    });
  }

  resolve(subject: S): void {
    for (const { resolve } of this.#take(subject)) resolve();
  }

  reject(subject: S, error: unknown): void {
    for (const { reject } of this.#take(subject)) reject(error);
  }

  #take(subject: S): readonly Waiter[] {
    const waiters = this.#waiting.get(subject) ?? [];
    this.#waiting.delete(subject);
    return waiters;
  }
}
