import { closeSync, openSync, readSync } from 'node:fs';

/**
 * The time that this thread had a processor, in ms: on a busy machine a stretch is longer than the work in it. Where nobody
 * tells (outside Linux) the time itself.
 */
export function threadTime(): { read(now: number): number; close(): void } {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    const text = Buffer.alloc(64);
    return {
      read: () => Number(text.toString('latin1', 0, readSync(file, text, 0, 64, 0)).split(' ')[0]) / 1e6,
      close: () => closeSync(file),
    };
  } catch {
    return { read: (now) => now, close() {} };
  }
}

/** What a piece of work took of this thread's processor, and from its beginning to its end; in ms. */
export async function timed(work: () => unknown): Promise<{ readonly cpu: number; readonly took: number }> {
  const processor = threadTime();
  const began = performance.now();
  const before = processor.read(began);
  await work();
  const ended = performance.now();
  const cpu = processor.read(ended) - before;
  processor.close();
  return { cpu, took: ended - began };
}
