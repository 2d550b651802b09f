/** How often each path was started. What is below a path is forgotten with it. */
export class Starts {
  readonly #counts = new Map<string, number>();
  /** Those that are counted right below a path. */
  readonly #below = new Map<string, string[]>();

  /** Counts one more, from 1. */
  next(path: string): number {
    const before = this.#counts.get(path);
    if (before === undefined) this.#enter(path);
    const count = (before ?? 0) + 1;
    this.#counts.set(path, count);
    return count;
  }

  /** No actor of that path is started any more, and none below it. */
  forget(path: string): void {
    this.#counts.delete(path);
    const below = this.#below.get(path) ?? [];
    this.#below.delete(path);
    for (const each of below) this.forget(each);
  }

  #enter(path: string): void {
    const above = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const below = this.#below.get(above);
    if (below === undefined) this.#below.set(above, [path]);
    else below.push(path);
  }
}
