/** A lock, as those see it who hold or want it. */
export interface Claim {
  readonly holder: Scope | undefined;
  /** It does not wait any more. */
  leave(scope: Scope, error: unknown): void;
  /** The scope has ended, well or not. */
  release(scope: Scope, how: 'done' | 'failed'): void;
}

/** What a scope has done in one cache. */
export interface Work {
  /** @throws TransactionConflictError when it cannot be applied to what the cache holds now. */
  check(): void;
  /** Changes the cache, and returns how it is told. */
  commit(): () => void;
  /** Hands it over to the scope around. */
  handUp(): void;
  /** None of it happened. */
  drop(): void;
}

/**
 * One transaction's extent: from the asking for its keys to its end. Inside another one it is a part of that: what it did is
 * applied, and its keys are free, when the outermost is done; nothing of it when that fails.
 */
export class Scope {
  readonly parent: Scope | undefined;
  readonly root: Scope;
  readonly locks = new Set<Claim>();
  /** What it has done, cache by cache. */
  readonly works = new Set<Work>();
  /** The lock that it waits for. */
  awaits: Claim | undefined;
  phase: 'waiting' | 'running' | 'done' | 'failed' = 'waiting';
  readonly #failure: Promise<never>;
  #fail!: (error: unknown) => void;
  readonly #children = new Set<Scope>();
  // Few ask for it, and it is dear.
  #controller: AbortController | undefined;
  #error: unknown;
  #whenOver: (() => void)[] = [];

  constructor(parent: Scope | undefined) {
    this.parent = parent;
    this.root = parent?.root ?? this;
    if (parent !== undefined) parent.#children.add(this);
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Whoever waits hears of it; where nobody does any more, there is nothing to hear.
    this.#failure.catch(() => {});
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.phase === 'failed') this.#controller.abort(this.#error);
    }
    return this.#controller.signal;
  }

  /** Whether it is the other one, or one around that. */
  encloses(other: Scope): boolean {
    for (let at: Scope | undefined = other; at !== undefined; at = at.parent) if (at === this) return true;
    return false;
  }

  /** It and all that go on inside it. */
  *family(): Generator<Scope, void, void> {
    yield this;
    for (const child of this.#children) yield* child.family();
  }

  get over(): boolean {
    return this.phase === 'done' || this.phase === 'failed';
  }

  /** Calls `run` once it is over; at once where it is. */
  whenOver(run: () => void): void {
    if (this.over) run();
    else this.#whenOver.push(run);
  }

  /** The same promise, unless the scope fails first: then it rejects with what that failed of. */
  async during<T>(work: Promise<T>): Promise<T> {
    const result = await Promise.race([work, this.#failure]);
    return this.phase === 'failed' ? this.#failure : result;
  }

  /** Resolves when nothing goes on inside it any more. */
  async alone(): Promise<void> {
    for (const child of this.#children) {
      await new Promise<void>((resolve) => child.whenOver(resolve));
    }
  }

  /**
   * It has done all that it was to do. Inside another one that is handed up; otherwise it is applied, in every cache, at once.
   *
   * @throws TransactionConflictError, and nothing was applied.
   */
  commit(): void {
    if (this.parent !== undefined) {
      for (const work of this.works) work.handUp();
      this.#end('done');
      return;
    }
    for (const work of this.works) work.check();
    const tellings = [...this.works].map((work) => work.commit());
    this.#end('done');
    for (const tell of tellings) tell();
  }

  /** It ends without having happened. Does nothing where it is over. */
  fail(error: unknown): void {
    if (this.over) return;
    for (const child of this.#children) child.fail(error);
    this.#fail(error);
    this.awaits?.leave(this, error);
    for (const work of this.works) work.drop();
    this.#end('failed');
    this.#error = error;
    this.#controller?.abort(error);
  }

  #end(how: 'done' | 'failed'): void {
    if (this.over) return;
    this.phase = how;
    if (this.parent !== undefined) this.parent.#children.delete(this);
    for (const lock of this.locks) lock.release(this, how);
    for (const run of this.#whenOver.splice(0)) run();
  }
}
