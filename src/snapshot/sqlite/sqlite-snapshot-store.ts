import * as v from 'valibot';
import { OptionsError, SnapshotError } from '../../errors.js';
import type { SnapshotOpening, SnapshotStore } from '../store.js';
import { localEngine, threadEngine } from './engine.js';
import { Session } from './session.js';

/** Where and how a snapshot file is kept. */
export interface SqliteSnapshotOptions {
  /**
   * The file's path. Made when it is not there, its folder too; readable and writable by its owner only. It belongs to one
   * cache of one process. Beside it SQLite keeps a `-wal`, and what had to be set aside lies there as
   * `<file>.aside-<time>`: nobody deletes that.
   */
  readonly file: string;
  /**
   * Encrypts keys and values (AES-256-GCM); a string is taken as UTF-8. Default: not encrypted. A file with another
   * secret, or with none where one is given, is set aside like any foreign file: the boot is cold, nothing is lost.
   */
  readonly secret?: string | Uint8Array;
  /** Whether the file lives in a worker thread of its own. Default true; false is for tests in virtual time. */
  readonly thread?: boolean;
}

const schema = v.strictObject({
  file: v.pipe(v.string(), v.nonEmpty()),
  secret: v.exactOptional(
    v.union([v.pipe(v.string(), v.nonEmpty()), v.pipe(v.instance(Uint8Array), v.minLength(1))]),
  ),
  thread: v.exactOptional(v.boolean()),
});

/**
 * The snapshot store on the local disk: one SQLite file, written by better-sqlite3, which is loaded when it is opened.
 *
 * What has resolved survives the death of the process; a power cut may cost the last moments, never the file.
 *
 * @throws OptionsError
 * @example
 * ```ts
 * const store = sqliteSnapshotStore({ file: 'var/sessions.snapshot', secret: process.env.SNAPSHOT_SECRET });
 * ```
 */
export function sqliteSnapshotStore(options: SqliteSnapshotOptions): SnapshotStore {
  const { file, secret, thread = true } = checked(options);
  const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
  let session: Session | undefined;
  /** One opening or closing at a time. */
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  };
  const current = (): Session => {
    if (session === undefined) throw new SnapshotError('The snapshot store is not open. Open it first.');
    return session;
  };
  const closeSession = async (): Promise<void> => {
    const closing = session;
    await closing?.close();
    if (session === closing) session = undefined;
  };

  return {
    open: ({ cache, signal }) =>
      inTurn(async (): Promise<SnapshotOpening> => {
        await closeSession();
        signal.throwIfAborted();
        const engine = thread ? threadEngine() : localEngine();
        const opened = new Session(engine);
        // Fires while the thread may be in a native call: its end is waited for, so that nobody finds the file locked.
        const abort = (): void => void engine.terminate();
        signal.addEventListener('abort', abort, { once: true });
        try {
          const {
            path: _path,
            purge: _purge,
            aside,
            ...opening
          } = await opened.open({ file, cache, secret: key });
          signal.throwIfAborted();
          session = opened;
          return aside === undefined ? opening : { ...opening, aside };
        } catch (error) {
          await opened.close();
          signal.throwIfAborted();
          throw error;
        } finally {
          signal.removeEventListener('abort', abort);
        }
      }),
    async *restore({ signal, page = 1000 }) {
      yield* current().restore({ signal, page });
    },
    append: async (page) => current().append(page),
    journal: async (tombstones) => current().journal(tombstones),
    enqueue: async (orders) => current().enqueue(orders),
    waiting: async ({ after = 0, most = 1000 } = {}) => current().waiting(after, most),
    acknowledge: async (ids) => current().acknowledge(ids),
    keepsSecrets: secret !== undefined,
    compact: async () => current().compact(),
    close: () => inTurn(closeSession),
  };
}

function checked(options: SqliteSnapshotOptions): SqliteSnapshotOptions {
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const option = v.getDotPath(issue);
  const given = option === 'secret' ? '(a secret)' : issue.received;
  throw new OptionsError(
    `Option "snapshot${option === null ? '' : `.${option}`}" of the snapshot file is not what it must be: expected ${
      issue.expected ?? 'something else'
    }, given ${given}. It takes { file, secret?, thread? }: a path, a string or Uint8Array that is not empty, a boolean.`,
  );
}
