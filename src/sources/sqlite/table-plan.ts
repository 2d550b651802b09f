/** Which table to read and how: the options of a source that cross to its thread. Plain data. */
export interface TablePlan {
  /** Absolute, or `':memory:'`. */
  readonly file: string;
  readonly table: string;
  readonly key: string;
  /** The columns that make the value; undefined: all of them. */
  readonly values: readonly string[] | undefined;
  readonly expiresAt: string | undefined;
  readonly revokedAt: string | undefined;
  readonly updatedAt: string | undefined;
  readonly writable: boolean;
}

/** The path that names a database of this process's memory. */
export const inMemory = ':memory:';
