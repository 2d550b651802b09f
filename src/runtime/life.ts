/** Whoever is told when a life ends. */
export type LifeListener = (() => void) | { handleEvent(): void };

/**
 * What work asks whether it is still wanted. An `AbortSignal` is one; but on Node that costs more to make, to listen to and to give up than
 * the work of many an actor, so that inside Holdfast a `Life` takes its place.
 */
export interface LifeSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(topic: 'abort', listener: LifeListener, options?: { readonly once?: boolean }): void;
  removeEventListener(topic: 'abort', listener: LifeListener): void;
}

/** How long a piece of work is wanted. It ends once. */
export class Life implements LifeSignal {
  #aborted = false;
  #reason: unknown;
  /** Each is told once, in the order in which they came. */
  #listeners: LifeListener[] | undefined;
  #controller: AbortController | undefined;

  get aborted(): boolean {
    return this.#aborted;
  }

  /** As an `AbortSignal` of its own would have it, made when somebody asks: an error has a stack. */
  get reason(): unknown {
    if (this.#aborted) this.#reason ??= new DOMException('This operation was aborted', 'AbortError');
    return this.#reason;
  }

  /** The same for those who know AbortSignals only. Made when first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  addEventListener(_topic: 'abort', listener: LifeListener): void {
    if (this.#aborted) return;
    if (this.#listeners === undefined) this.#listeners = [listener];
    else if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_topic: 'abort', listener: LifeListener): void {
    const at = this.#listeners?.lastIndexOf(listener) ?? -1;
    if (at >= 0) this.#listeners?.splice(at, 1);
  }

  /** It is over: whoever listens is told. What a listener throws is thrown again at the end: the others are told all the same. */
  end(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    const thrown: unknown[] = [];
    for (const listener of listeners) {
      try {
        if (typeof listener === 'function') listener();
        else listener.handleEvent();
      } catch (error) {
        thrown.push(error);
      }
    }
    this.#controller?.abort(this.reason);
    if (thrown.length > 0) throw thrown[0];
  }
}
