import type { Ticks } from '../change-cursor.js';
import type { TimeKind } from './table-shape.js';

/** How many ticks of a column make a millisecond: timestamps are kept to the microsecond, numbers are ms. */
export const unitOf = (kind: TimeKind): number => (kind === 'instant' || kind === 'local' ? 1_000 : 1);

/** The greatest stamp that is read; what is later, or infinite, is no time of a change. */
export const latest: Ticks = Number.MAX_SAFE_INTEGER;

/** A column's time in ms since the epoch. */
export const toMs = (column: string, kind: TimeKind): string =>
  unitOf(kind) === 1 ? `${column}::float8` : `(extract(epoch FROM ${column}) * 1000)::float8`;

/** A column's time in its ticks. */
export const toTicks = (column: string, kind: TimeKind): string =>
  unitOf(kind) === 1 ? `${column}::float8` : `(extract(epoch FROM ${column}) * 1000000)::float8`;

/** A parameter of ms as the column keeps it. */
export const fromMs = (parameter: string, kind: TimeKind): string => {
  if (kind === 'instant') return `to_timestamp(${parameter}::float8 / 1000)`;
  if (kind === 'local') return `(to_timestamp(${parameter}::float8 / 1000) AT TIME ZONE 'UTC')`;
  return kind === 'integer' ? `floor(${parameter}::float8)::int8` : `${parameter}::float8`;
};

/** A parameter of ticks as the column keeps it. */
export const fromTicks = (parameter: string, kind: TimeKind): string => {
  const span = `${parameter}::float8 * interval '1 microsecond'`;
  if (kind === 'instant') return `(timestamptz 'epoch' + ${span})`;
  if (kind === 'local') return `(timestamp 'epoch' + ${span})`;
  return kind === 'integer' ? `floor(${parameter}::float8)::int8` : `${parameter}::numeric`;
};

/** The server's clock, as the column keeps a time. */
export const clock = (kind: TimeKind): string => {
  if (kind === 'instant') return 'clock_timestamp()';
  if (kind === 'local') return "(clock_timestamp() AT TIME ZONE 'UTC')";
  return 'floor(extract(epoch FROM clock_timestamp()) * 1000)';
};
