import type { Milliseconds } from './duration.js';
import { type ExitReason, isOrderly } from './exit-reason.js';
import type { Logger } from './logger.js';
import type { ActorIdentity, RuntimeEvents } from './runtime-events.js';
import type { RuntimeScope } from './scope.js';
import { wallNow } from './time.js';

interface Living {
  readonly path: string;
  readonly number: number;
  readonly spec: { readonly id: string; readonly name?: string };
}

/** Tells bus and log, once each, what happens to one incarnation. */
export class LifeReport {
  readonly #scope: RuntimeScope;
  readonly #who: Living;

  constructor(scope: RuntimeScope, who: Living) {
    this.#scope = scope;
    this.#who = who;
  }

  started(): void {
    this.#tell('debug', 'actor.started', {}, 'started');
  }

  ready(): void {
    this.#tell('info', 'actor.ready', {}, 'ready');
  }

  restarted(restarts: number): void {
    this.#tell('info', 'actor.restarted', { restarts }, `restarted (${restarts})`);
  }

  /** `shutdown`: it ended because what it belongs to does. */
  ended(
    reason: ExitReason,
    { starting, ignored, shutdown }: { starting: boolean; ignored: boolean; shutdown: boolean },
  ): void {
    if (ignored) {
      this.#tell('info', 'actor.stopped', { reason }, 'not started: it asked to be ignored');
    } else if (isOrderly(reason) || (shutdown && reason.type === 'killed')) {
      this.#tell('info', 'actor.stopped', { reason }, `stopped: ${reason.type}`);
    } else {
      const error = reason.type === 'error' ? { error: reason.error } : {};
      const doing = starting ? 'failed to start' : 'crashed';
      this.#tell('error', 'actor.crashed', { reason, ...error, starting }, `${doing}: ${describe(reason)}`);
    }
  }

  /** It had to be killed: its time to stop was over. */
  overran(shutdown: Milliseconds): void {
    this.#scope.log(
      'warn',
      { event: 'actor.overran', ...this.#identity(), shutdown },
      `${this.#who.path} did not stop within ${shutdown} ms and is killed`,
    );
  }

  lateError(error: unknown): void {
    this.#tell(
      'error',
      'actor.late-error',
      { error },
      `threw after its end: ${describe({ type: 'error', error })}`,
    );
  }

  gaveUp(childId: string, reason: ExitReason): void {
    const error = reason.type === 'error' ? { error: reason.error } : {};
    this.#tell(
      'error',
      'supervisor.gave-up',
      { childId, reason, ...error },
      `gave up: too many restarts, at last of ${childId}`,
    );
  }

  #tell<Topic extends keyof RuntimeEvents>(
    level: keyof Logger,
    topic: Topic,
    details: Omit<RuntimeEvents[Topic], keyof ActorIdentity>,
    message: string,
  ): void {
    // Most of what happens to a hundred thousand actors nobody wants to hear.
    if (!this.#scope.isHeard(topic)) return;
    const payload: object = Object.assign(this.#identity(), details);
    this.#scope.log(level, { event: topic, ...logged(payload) }, `${this.#who.path} ${message}`);
    this.#scope.publish(topic, payload as RuntimeEvents[Topic]);
  }

  #identity(): ActorIdentity {
    const { path, number, spec } = this.#who;
    const name = spec.name === undefined ? {} : { name: spec.name };
    return { path, id: spec.id, ...name, incarnation: number, at: wallNow() };
  }
}

/** As loggers of pino's shape take it: an error under `err`, which they know how to write, and the reason by its name. */
function logged({
  error,
  reason,
  ...rest
}: {
  readonly error?: unknown;
  readonly reason?: ExitReason;
}): object {
  return {
    ...rest,
    ...(reason !== undefined && { reason: reason.type }),
    ...(error !== undefined && { err: error }),
  };
}

/** An exit reason in words, to stand within a sentence. Anything may have been thrown, also what has no words. */
export function describe(reason: ExitReason): string {
  try {
    return wordsOf(reason).replace(/\.$/, '');
  } catch {
    return `${reason.type} (it cannot be put into words)`;
  }
}

function wordsOf(reason: ExitReason): string {
  if (reason.type === 'error') return String(reason.error);
  const detail = reason.type === 'shutdown' ? reason.detail : undefined;
  return detail instanceof Error ? detail.message : reason.type;
}
