import { ThreadExitedError, ThreadOutOfMemoryError, ThreadUnresponsiveError } from '../errors.js';
import type { Heartbeat } from './pulse.js';
import type { ThreadExit } from './thread.js';

const outOfMemory = 'ERR_WORKER_OUT_OF_MEMORY';

/** What an actor died of whose thread ended before it had ended itself. */
export function deathOf(path: string, { code, error }: ThreadExit): unknown {
  if (error === undefined) {
    return new ThreadExitedError(
      `The thread of ${path} has exited with code ${code}: process.exit() was called in it, or it was terminated.`,
      code,
    );
  }
  if ((error as { readonly code?: unknown }).code === outOfMemory) {
    return new ThreadOutOfMemoryError(
      `The thread of ${path} needed more memory than it may have. Give it more (its "resourceLimits"), or less to do at once.`,
      { cause: error },
    );
  }
  return error;
}

export const unresponsive = (path: string, { every, misses }: Heartbeat): ThreadUnresponsiveError =>
  new ThreadUnresponsiveError(
    `The event loop of the thread of ${path} has not turned for ${every * misses} ms: it is killed. Let long work yield, or give it more time (its "heartbeat").`,
    every * misses,
  );
