/**
 * One job at a time, in order; a job that goes ahead waits for the running one only. It is what lets a journal overtake
 * the pages that wait.
 */
export class Lane {
  readonly #ahead: (() => Promise<void>)[] = [];
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = false;

  /** Resolves or rejects as the job does. */
  run<Result>(job: () => Result | Promise<Result>, { ahead = false } = {}): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const queue = ahead ? this.#ahead : this.#waiting;
      queue.push(async () => {
        try {
          resolve(await job());
        } catch (error) {
          reject(error);
        }
      });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let job = this.#next(); job !== undefined; job = this.#next()) await job();
    this.#running = false;
  }

  #next(): (() => Promise<void>) | undefined {
    return this.#ahead.shift() ?? this.#waiting.shift();
  }
}
