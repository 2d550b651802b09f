import { type Asker, askerOf, questionOf } from '../src/runtime/question.js';

/** So many are remembered; of those before them whoever asked waits for their time to be over. */
const most = 10_000;

/** Questions that were handed on to somebody who has not replied yet. */
export class OpenQuestions {
  readonly #askers = new Set<Asker>();

  /** The event, to be handed on. */
  pass<E extends object>(event: E): E {
    const asker = askerOf(event);
    if (asker === undefined) return event;
    const [oldest] = this.#askers;
    if (this.#askers.size >= most && oldest !== undefined) this.#askers.delete(oldest);
    this.#askers.add(asker);
    const closed = <R>(settle: () => R): R => {
      this.#askers.delete(asker);
      return settle();
    };
    return questionOf(event, {
      answer: (value) => closed(() => asker.answer(value)),
      refuse: (error) => closed(() => asker.refuse(error)),
    });
  }

  /** Nobody will reply. */
  refuse(error: unknown): void {
    const askers = [...this.#askers];
    this.#askers.clear();
    for (const asker of askers) asker.refuse(error);
  }
}
