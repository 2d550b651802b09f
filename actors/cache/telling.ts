import type { CacheCore } from './core.js';
import { Flag } from './judge.js';

/**
 * Whether the source may be told something that waited. While it is away the warmer's pass or ping finds out when it is back. Over one
 * that has neither, what waits is the probe: one a step, as any other question.
 */
export function mayTell<V>({ link, passes }: CacheCore<V>): boolean {
  const permission = link.permission();
  return (
    permission === 'free' || (permission === 'probe' && !passes.possible && link.source.ping === undefined)
  );
}

/** The source has been told that a row is in use: what was read of it before may have an older end, and is refused. */
export function prolonged<V>(core: CacheCore<V>, key: string): void {
  const { table } = core;
  const slot = table.slotOf(key);
  if (slot < 0) return;
  table.restamp(slot, table.flagsOf(slot) | unheard(core, key));
  core.loader.abort(key);
}

/** The mark of an entry of which a complete change feed says nothing, as it was read before that; it outlives another stamp. */
export const unheard = <V>({ complete, cover, table }: CacheCore<V>, key: string): number =>
  complete && table.stampOf(key) < cover.since ? Flag.missed : Flag.none;
