import { InvariantError } from '../errors.js';
import { absenceKnown } from './absence-known.js';
import { boundedStaleness } from './bounded-staleness.js';
import { goneAfterThePass } from './gone-after-the-pass.js';
import { type Happened, line } from './history.js';
import { noResurrection } from './no-resurrection.js';
import { oneLoad } from './one-load.js';
import { oneProbe } from './one-probe.js';
import { outboxHolds } from './outbox-holds.js';
import type { CacheTerms, Violation } from './violation.js';

/** All that a history shows of broken promises, in the order in which they were broken. */
export function violations<V>(history: readonly Happened<V>[], terms: CacheTerms): readonly Violation[] {
  return [noResurrection, goneAfterThePass, outboxHolds, absenceKnown, boundedStaleness, oneLoad, oneProbe]
    .flatMap((check) => check(history, terms))
    .sort((a, b) => a.order - b.order);
}

/** @throws InvariantError with the first promise that was broken, and all that happened to its key until then. */
export function keepsItsPromises<V>(history: readonly Happened<V>[], terms: CacheTerms): void {
  const [first, ...others] = violations(history, terms);
  if (first === undefined) return;
  const about = history.filter(
    (happened) => happened.order <= first.order && (first.key === undefined || concerns(happened, first.key)),
  );
  const news = about.filter(
    (happened, i) => happened.order === first.order || !saysTheSame(happened, about[i - 1]),
  );
  throw new InvariantError(
    `${first.guarantee}: ${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ''}\n` +
      news.slice(-40).map(line).join('\n'),
  );
}

function saysTheSame<V>(happened: Happened<V>, before: Happened<V> | undefined): boolean {
  return (
    happened.type === 'told' &&
    before?.type === 'told' &&
    happened.lookup.status === before.lookup.status &&
    happened.by === before.by
  );
}

function concerns<V>(happened: Happened<V>, key: string): boolean {
  switch (happened.type) {
    case 'answered':
      return happened.rows.some((row) => row.key === key) || (happened.last && happened.method === 'scan');
    case 'gone':
      return happened.keys === 'all' || happened.keys.includes(key);
    case 'fault':
    case 'ordered':
    case 'passed':
    case 'killed':
    case 'source':
    case 'booted':
    case 'jumped':
    case 'paused':
      return true;
    case 'rejected':
    case 'abandoned':
      return false;
    default:
      return happened.key === key;
  }
}
