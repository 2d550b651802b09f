/** Which table to read, and how: the options of a source, checked. */
export interface TablePlan {
  /** Undefined: the first of the search path that has the table. */
  readonly schema: string | undefined;
  readonly table: string;
  readonly key: string;
  /** The columns that make the value; undefined: all of them. */
  readonly values: readonly string[] | undefined;
  readonly expiresAt: string | undefined;
  readonly revokedAt: string | undefined;
  readonly updatedAt: string | undefined;
  readonly version: string | undefined;
  readonly writable: boolean;
  /** The channel that is listened on; `'trigger'`: the one of Holdfast's own trigger; undefined: none. */
  readonly notify: 'trigger' | { readonly channel: string } | undefined;
}

/** A name as SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The plan's table as SQL. */
export const tableName = ({ schema, table }: Pick<TablePlan, 'schema' | 'table'>): string =>
  schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`;

/** The plan's table as it is told. */
export const toldTable = ({ schema, table }: Pick<TablePlan, 'schema' | 'table'>): string =>
  schema === undefined ? `"${table}"` : `"${schema}.${table}"`;
