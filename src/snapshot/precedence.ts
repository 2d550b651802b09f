/**
 * Which of two records of one key holds: the one with the higher `seq`. Only one mutation makes a `seq`, so a tie is one
 * record written twice; should it be two after all, the one that forgets more wins.
 */
export interface Precedence {
  readonly seq: number;
  readonly rank: Rank;
}

/** What a record says about its key, in the order in which ties are broken. */
export const rank = { entry: 0, invalidated: 1, revoked: 2 } as const;
export type Rank = (typeof rank)[keyof typeof rank];

/** Whether `next` takes the place of `held`. The same record again does, which renews it in a full writing. */
export function supersedes(next: Precedence, held: Precedence): boolean {
  return next.seq > held.seq || (next.seq === held.seq && next.rank >= held.rank);
}

/** What a finished full writing left behind: records older than `generation`, among tombstones only those up to `asOf`. */
export interface Floor {
  readonly generation: number;
  readonly asOf: number;
}

/** Nothing is below it. */
export const noFloor: Floor = { generation: 0, asOf: -1 };

/** Whether a record was dropped by a full writing, though it may still lie there. */
export function isBelow(floor: Floor, record: Precedence & { readonly generation: number }): boolean {
  return record.generation < floor.generation && (record.rank === rank.entry || record.seq <= floor.asOf);
}
