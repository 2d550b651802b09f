import type { Milliseconds } from '../../runtime/duration.js';
import { sleep } from '../../runtime/time.js';
import type { SourceListener } from '../source.js';
import type { EnginePort } from './engine-port.js';

/** How often the file is looked at: by one pragma, in the source's thread. */
const interval: Milliseconds = 250;

/**
 * Tells that another process, or another connection, has committed something; SQLite does not say what. A file that was away, and came
 * back, may hold anything.
 */
export async function watch(port: EnginePort, { signal, onOpen, onChange }: SourceListener): Promise<void> {
  if (signal.aborted) return;
  let seen = await look(port, signal);
  if (!signal.aborted) onOpen();
  while (!signal.aborted) {
    await sleep(interval, signal).catch(() => {});
    const version = await look(port, signal);
    // While it cannot be reached, nothing that was seen is forgotten: another connection looks afterwards.
    if (signal.aborted || version === undefined || version === seen) continue;
    seen = version;
    onChange();
  }
}

/** Undefined: it cannot be reached now, which whoever reads from it is told. */
const look = (port: EnginePort, signal: AbortSignal): Promise<string | undefined> =>
  port.call('version', [], { signal }).catch(() => undefined);
