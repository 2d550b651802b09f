/** The actor of the source's own thread: better-sqlite3 blocks whoever calls it. */
import { fromCallback } from 'xstate';
import { serveThread } from '../../threads/index.js';
import { SqliteEngine } from './engine.js';
import type { TablePlan } from './table-plan.js';

export default (plan: TablePlan) =>
  fromCallback(() => {
    const engine = new SqliteEngine(plan);
    serveThread(engine);
    return () => engine.close();
  });
