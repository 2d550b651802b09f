import type { Milliseconds } from '../../runtime/duration.js';
import { wallNow } from '../../runtime/time.js';
import { decodeCursor, encodeCursor, interrupted, standing } from '../change-cursor.js';
import type { Source } from '../source.js';
import type { ChangesPage, Position } from './engine.js';
import type { EnginePort } from './engine-port.js';
import { toRows, type ValueReader } from './rows.js';
import type { TablePlan } from './table-plan.js';

/** Of which feed a cursor speaks. */
export const feedOf = (plan: TablePlan, file: string): string =>
  JSON.stringify([file, plan.table, plan.updatedAt]);

/** Before every stamp there can be. */
const ever: Milliseconds = -Number.MAX_SAFE_INTEGER;

/** The feed of changes by time stamp. Repeats what is stamped within the overlap until that has passed. */
export function changesOf<V>(
  plan: TablePlan,
  port: EnginePort,
  read: ValueReader<V>,
): NonNullable<Source<V>['changes']> {
  const changes: NonNullable<Source<V>['changes']> = async function* (since, { signal, batch }) {
    const now = wallNow();
    const { file, newest } = await port.call('head', [], { signal });
    const of = feedOf(plan, file);
    const fresh = encodeCursor(standing(undefined, { of, newest, now }));
    if (since === undefined) {
      yield { gone: [], changed: [], cursor: fresh };
      return;
    }
    const known = decodeCursor(since, of);
    if (known === undefined) {
      yield { gone: [], changed: [], cursor: fresh, reset: true };
      return;
    }
    const reached = encodeCursor(standing(known, { of, newest, now }));
    if (newest === undefined) {
      yield { gone: [], changed: [], cursor: reached };
      return;
    }
    let from: Milliseconds | Position | undefined = known.floor ?? ever;
    while (from !== undefined) {
      const page: ChangesPage = await port.call(
        'changes',
        [{ file, limit: batch, now: wallNow(), from, to: newest }],
        {
          signal,
        },
      );
      if ('replaced' in page) {
        yield* changes(since, { signal, batch });
        return;
      }
      const cursor: string =
        page.next === undefined
          ? reached
          : encodeCursor(interrupted(known, { at: stampOf(page.next), newest, now }));
      yield { gone: page.gone, changed: toRows(page, plan, read), cursor };
      from = page.next;
    }
  };
  return changes;
}

const stampOf = ([stamp]: Position): Milliseconds => (typeof stamp === 'number' ? stamp : ever);
