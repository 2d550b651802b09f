import { createHook } from 'node:async_hooks';
import { EscapeError } from '../errors.js';
import { isOwnTurn } from './real-loop.js';

/** What reaches the real world: timers that were not taken from the globals, files, sockets, threads, the thread pool. */
const real =
  /^(Timeout|Immediate|FS|TCP|PIPE|UDP|TLS|TTY|HTTP|PROCESS|WORKER|MESSAGEPORT|GETADDR|GETNAME|QUERY|STAT|ZLIB|WRITEWRAP|SHUTDOWN|RANDOMBYTES|PBKDF2|SCRYPT|CHECKPRIME|KEYPAIR|SIGN|DERIVE|CIPHER|HASH)/i;

/** A test runner's own business. */
const runner = /[\\/]node_modules[\\/](@?vitest|tinypool|birpc|tsx|esbuild)[\\/]|node:internal[\\/]modules/;

/**
 * Watches for what the code under test sets going in the real world until the returned function is called. Each kind at
 * each place is told once.
 */
export function watchEscapes(tell: (error: EscapeError) => void): () => void {
  const told = new Set<string>();
  const hook = createHook({
    init(_id, type) {
      // By far the most.
      if (type === 'PROMISE' || isOwnTurn() || !real.test(type)) return;
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 40;
      const error = new EscapeError(
        `${type}: something real was begun in a testing world, which neither its time nor its seed governs. Take timers from the globals when they are needed, replace the I/O by a part in memory, or hold time for it with \`world.outside(work)\`.`,
      );
      Error.stackTraceLimit = stackTraceLimit;
      const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
      const own = frames.filter((frame) => !/\(?node:|[\\/]escapes\.[cm]?[jt]s/.test(frame));
      const first = own[0];
      if (first === undefined || frames.some((frame) => runner.test(frame))) return;
      if (told.has(type + first)) return;
      told.add(type + first);
      tell(error);
    },
  }).enable();
  return () => void hook.disable();
}
