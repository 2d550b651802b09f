import { type Cache, defineCache, type Source } from 'holdfast';
import { sqliteSource } from 'holdfast/sqlite';
import type { Config } from './config.js';

/** A row's columns, as the cache keeps them. */
export interface Session {
  readonly user_id: string;
  /** Wall-clock ms since the epoch. */
  readonly expires_at: number;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isToken = (text: string): boolean => uuid.test(text);

/** The table of sessions. While the file is not there, the source is away: it is never made here. */
export const sessionTable = (file: string): Source<Session> =>
  sqliteSource<Session>({
    file,
    table: 'sessions',
    key: 'token',
    value: ['user_id', 'expires_at'],
    expiresAt: 'expires_at',
    revokedAt: 'revoked_at',
    updatedAt: 'updated_at',
    writable: true,
  });

/** The sessions, in memory, in front of their table. */
export function sessionCache(config: Config, source: Source<Session>): Cache<Session> {
  return defineCache<Session>({
    name: 'sessions',
    source,
    key: isToken,
    staleFor: 'until-expiry',
    warm: { every: config.warmEvery, backoff: config.backoff },
    sweep: { every: config.sweepEvery },
    snapshot: { file: config.snapshot, every: config.snapshotEvery },
    throttle: config.throttle,
  });
}
