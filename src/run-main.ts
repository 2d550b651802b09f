import * as v from 'valibot';
import type { Runtime } from './create-runtime.js';
import { checkedOptions } from './runtime/checked-options.js';
import { type Duration, milliseconds } from './runtime/duration.js';
import type { ExitReason } from './runtime/exit-reason.js';
import { describe } from './runtime/life-report.js';
import { after, type Timer } from './runtime/time.js';

/** Exit codes by convention: 128 and the signal's number. */
const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** What a program is asked to stop by. */
export type StopSignal = keyof typeof codes;

export interface RunMainOptions {
  /** Called at the first signal, before the tree is stopped: take no more requests, finish those at hand. */
  readonly onStopping?: (signal: StopSignal) => void | Promise<void>;
  /** How long `onStopping` and the stop may take together; then the process exits with 1. Default: no limit. */
  readonly timeout?: Duration;
}

/** Time for open handles of others (a keep-alive socket) to close by themselves, in ms. */
const grace = 500;

/**
 * A whole program: starts the runtime, and ends the process when it ends. SIGTERM and SIGINT stop it in order, exit code 0;
 * a second one exits at once (130, 143). When the runtime cannot be started, or its root gives up, that is written to stderr and the
 * exit code is 1.
 *
 * Resolves when the tree has ended. The process ends when nothing is left to do, at most half a second later.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * await runMain(createRuntime(tree, { logger }), { onStopping: () => server.close(), timeout: '5s' });
 * ```
 */
export async function runMain(runtime: Runtime, options: RunMainOptions = {}): Promise<void> {
  checkedOptions(optionsSchema, options, { of: 'runMain' });
  const { onStopping, timeout } = options;
  const limit = timeout === undefined ? undefined : milliseconds(timeout, 'timeout');
  let stopping: Promise<number> | undefined;

  async function stopInOrder(signal: StopSignal): Promise<number> {
    const deadline = limit === undefined ? undefined : after(limit, overdue);
    let code = 0;
    try {
      await onStopping?.(signal);
    } catch (error) {
      code = 1;
      complain('onStopping failed. The tree is stopped all the same.', error);
    }
    await runtime.stop();
    deadline?.cancel();
    return code;
  }

  function overdue(): void {
    complain(`The program did not stop within ${timeout} and is ended.`);
    process.exit(1);
  }

  function onSignal(signal: StopSignal): void {
    if (stopping !== undefined) process.exit(codes[signal]);
    stopping = stopInOrder(signal);
  }

  const awake = stayAwake();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const code = await runtime.start().then(
    async () => codeOf(await runtime.exited),
    (error: unknown) => {
      if (stopping === undefined) complain('The program could not be started.', error);
      return 1;
    },
  );
  process.exitCode = stopping === undefined ? code : await stopping;
  process.off('SIGTERM', onSignal);
  process.off('SIGINT', onSignal);
  awake.cancel();
  after(grace, () => process.exit(), { background: true });
}

function codeOf(reason: ExitReason): number {
  if (reason.type === 'normal') return 0;
  const failure = reason.type === 'shutdown' ? reason.detail : describe(reason);
  if (failure === undefined) return 0;
  complain('The root has ended.', failure);
  return 1;
}

/** A promise that is waited for keeps no process alive. */
function stayAwake(): Timer {
  let timer: Timer;
  const again = (): void => {
    timer = after(24 * 60 * 60 * 1000, again);
  };
  again();
  return { cancel: () => timer.cancel() };
}

/** To stderr, whatever the runtime's logger is: a program must not end without a word. */
function complain(message: string, error?: unknown): void {
  if (error === undefined) console.error(`holdfast: ${message}`);
  else console.error(`holdfast: ${message}`, error);
}

const optionsSchema = v.strictObject({
  onStopping: v.optional(
    v.custom<RunMainOptions['onStopping']>((value) => typeof value === 'function', 'must be a function'),
  ),
  timeout: v.optional(v.custom<Duration>(() => true)),
});
