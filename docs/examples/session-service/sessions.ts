import { type Cache, defineCache, type Source } from 'holdfast';
import type { Config } from './config.js';

export interface Session {
  readonly userId: string;
  /** Wall-clock ms since the epoch. */
  readonly expiresAt: number;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isToken = (text: string): boolean => uuid.test(text);

/** The sessions, in memory, in front of the database. */
export function sessionCache(config: Config, source: Source<Session>): Cache<Session> {
  return defineCache<Session>({
    name: 'sessions',
    source,
    key: isToken,
    staleFor: 'until-expiry',
    warm: { every: config.warmEvery, backoff: config.backoff },
    sweep: { every: config.sweepEvery },
    snapshot: { file: config.snapshot, every: config.snapshotEvery },
  });
}
