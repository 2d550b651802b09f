import type { Result } from './suite.js';

/** What a case is to reach: in its unit, or as a multiple of what another contender measured. */
export interface Aim {
  /** Who is to reach it. Default `'holdfast'`. */
  readonly of?: string;
  readonly is: 'at least' | 'at most';
  readonly value: number;
  /** The contender that the value is a multiple of. Default: none. */
  readonly times?: string;
}

const fine = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, useGrouping: false });

/** How the aims of a case were met. */
export function judged({ aims = [], values }: Result): string {
  return aims
    .map(({ of = 'holdfast', is, value, times }) => {
      const base = times === undefined ? 1 : Number(values[times]);
      const measured = Number(values[of]) / base;
      const reached = is === 'at least' ? measured >= value : measured <= value;
      const sign = is === 'at least' ? '≥' : '≤';
      const aim = `${sign} ${fine.format(value)}${times === undefined ? '' : ` × ${times}`}`;
      return `${aim}: ${fine.format(measured)}, ${reached ? 'reached' : 'NOT reached'}`;
    })
    .join('; ');
}
