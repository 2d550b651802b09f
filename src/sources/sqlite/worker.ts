/** The source's own thread: better-sqlite3 blocks whoever calls it. */
import { workerData } from 'node:worker_threads';
import { serveThread } from '../../threads/index.js';
import { SqliteEngine } from './engine.js';
import type { TablePlan } from './table-plan.js';

serveThread(new SqliteEngine(workerData as TablePlan));
