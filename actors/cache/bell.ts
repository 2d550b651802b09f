/**
 * Wakes whoever listens, without saying why: the listener looks at the state itself. So a ring that nobody heard (its actor
 * was being restarted) loses nothing.
 */
export class Bell {
  readonly #listeners = new Set<() => void>();

  ring(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
