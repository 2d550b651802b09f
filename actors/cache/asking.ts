import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow } from '../../src/runtime/time.js';
import type { SourceContext } from '../../src/sources/source.js';

/**
 * A question to the source while it is asked: it ends with its answer, or is given up. Its signal is made when somebody looks at it,
 * since one costs more than all else that a question needs.
 */
export class Asking {
  /** What the source is handed. */
  readonly context: SourceContext;
  /** When its time is over; ms of ages. */
  readonly due: Milliseconds;
  /** The call under way is told first when the question is given up. */
  abandon: ((reason: unknown) => void) | undefined;
  readonly #asker: AbortSignal;
  #controller: AbortController | undefined;
  #givenUp: { readonly reason: unknown } | undefined;
  #over = false;

  constructor(asker: AbortSignal, timeout: Milliseconds) {
    this.#asker = asker;
    this.due = ageNow() + timeout;
    asker.addEventListener('abort', this, once);
    const signal = (): AbortSignal => this.signal;
    this.context = {
      get signal() {
        return signal();
      },
    };
  }

  /** Fires when the question is given up. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#givenUp !== undefined) this.#controller.abort(this.#givenUp.reason);
    }
    return this.#controller.signal;
  }

  /** Why it was given up, where it was. */
  get givenUp(): { readonly reason: unknown } | undefined {
    return this.#givenUp;
  }

  /** Nothing, once it is over. */
  giveUp(reason: unknown): void {
    if (this.#over || this.#givenUp !== undefined) return;
    this.#givenUp = { reason };
    this.abandon?.(reason);
    this.#controller?.abort(reason);
  }

  /** It was answered, or was not: nothing gives it up any more. */
  end(): void {
    this.#over = true;
    this.#asker.removeEventListener('abort', this);
  }

  /** @internal Whoever asks has gone. */
  handleEvent(): void {
    this.giveUp(this.#asker.reason);
  }
}

const once = { once: true };
