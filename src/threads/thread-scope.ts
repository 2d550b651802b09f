import type { MessagePort } from 'node:worker_threads';
import { attribution } from '../runtime/attribution.js';
import type { Because } from '../runtime/dead-letters.js';
import type { Logger } from '../runtime/logger.js';
import { post } from '../runtime/mailbox.js';
import { plainData } from '../runtime/plain-data.js';
import { RuntimeScope } from '../runtime/scope.js';
import type { ActorEvent, FromActor } from './actor-wire.js';

/** Of the actor's own life its supervisor's side tells. */
const lifecycle = /^actor\.(started|ready|restarted|stopped|crashed)$/;

/** What the actors of one thread share. Its log, and the messages that find nobody here, go to the runtime that it belongs to. */
export class ThreadScope extends RuntimeScope {
  readonly #port: MessagePort;
  readonly #path: string;
  readonly #number: number;

  constructor(port: MessagePort, path: string, number: number) {
    const at =
      (level: keyof Logger) =>
      (fields: object, message: string): void => {
        const { event, path: of } = fields as { readonly event?: unknown; readonly path?: unknown };
        if (of === path && typeof event === 'string' && lifecycle.test(event)) return;
        port.postMessage({
          type: 'log',
          level,
          fields: plainData(fields) as object,
          message,
        } satisfies FromActor);
      };
    super({
      logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
      attribution: attribution(),
      deliver: post,
    });
    this.#port = port;
    this.#path = path;
    this.#number = number;
  }

  /** The thread's actor lives the life that its child's incarnation counts. */
  override nextIncarnation(path: string): number {
    return path === this.#path ? this.#number : super.nextIncarnation(path);
  }

  override deadLetter(to: string, event: ActorEvent, because: Because): void {
    const letter = { type: 'letter', to, event, because } satisfies FromActor;
    try {
      this.#port.postMessage(letter);
    } catch {
      const plain = plainData(event) as ActorEvent;
      this.#port.postMessage({ ...letter, event: plain, because: 'not-cloneable' } satisfies FromActor);
    }
  }
}
