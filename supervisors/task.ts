import { OptionsError } from '../src/errors.js';
import type { ChildSpec, Restart, Shutdown } from '../src/runtime/child-spec.js';
import { child } from './child.js';
import { type TaskFunction, taskLogic } from './task-run.js';

/** How a task is looked after. */
export interface TaskOptions {
  /** Default: of `task` `'transient'`; of `taskSupervisor.start` `'temporary'`. */
  readonly restart?: Restart;
  /** How long the function may go on when its signal has fired, before nobody waits for it any more. Default `'5s'`. */
  readonly shutdown?: Shutdown;
  readonly significant?: boolean;
  /** The name in Holdfast's registry. */
  readonly name?: string;
}

/**
 * The child spec of a function that runs once: a migration, a consumer's loop. It counts as started when it has been
 * called. When it returns, the task ends normally; when it throws, that is its crash. By default it is then started again
 * (`restart: 'transient'`); a loop that is never to end is `'permanent'`.
 *
 * To stop, its signal fires, with the reason, and it has `shutdown` to return; what it rejects with because of the signal is
 * no error. Should it go on after that, nobody minds what it returns, and what it throws is told as `actor.late-error`.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * supervisor({ children: [task('reindex', (signal) => reindex({ signal }))] });
 * ```
 */
export function task(id: string, fn: TaskFunction, options: TaskOptions = {}): ChildSpec {
  return child({ restart: 'transient', ...options, id, logic: taskLogic, input: { fn: checkedTask(fn) } });
}

/** @throws OptionsError when it is no function. */
export function checkedTask<F>(fn: F): F {
  if (typeof fn === 'function') return fn;
  throw new OptionsError(
    `A task must be a function, such as async (signal) => { … }. Given: ${fn === null ? 'null' : typeof fn}.`,
    { option: 'fn', given: fn },
  );
}
