import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SnapshotError } from '../../errors.js';
import { wallNow } from '../../runtime/time.js';
import type { SnapshotOpening } from '../store.js';

export type Aside = NonNullable<SnapshotOpening['aside']>;

/** The file and what SQLite keeps beside it; the file last, so that a crash between two renames leaves no orphan. */
const parts = ['-wal', '-shm', '-journal', ''] as const;

/** The place of the snapshot's file on disk. */
export interface Place {
  /** Absolute, symbolic links followed. */
  readonly path: string;
  /** Made just now, by this call. */
  readonly fresh: boolean;
}

/**
 * Sees to it that there is a file, readable and writable by its owner only, in a folder that exists.
 *
 * An existing file is never opened here: closing it again would drop the locks that SQLite holds on it in this process.
 *
 * @throws SnapshotError
 */
export function prepare(file: string): Place {
  const path = resolve(file);
  try {
    const fresh = create(path);
    const real = realpathSync(path);
    if (!statSync(real).isFile()) throw new SnapshotError(`It is not a file.`);
    for (const part of parts) protect(real + part);
    return { path: real, fresh };
  } catch (cause) {
    throw new SnapshotError(
      `The snapshot's file ${path} cannot be used: ${cause instanceof Error ? cause.message : String(cause)} ` +
        'Give a path in a folder that this process may write.',
      { cause },
    );
  }
}

/** Which file lies there now, or undefined for none. A file that was moved away and one put in its place differ. */
export function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/** Whether the operating system lets this process write the file. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Closes the file and moves it, with what lies beside it, to a name of its own. Of another file that was put in its place
 * meanwhile nothing is touched; then the answer is undefined. Throws where the folder does not let it.
 */
export function setAside(
  open: { close(): unknown },
  path: string,
  identity: string | undefined,
  because: string,
): Aside | undefined {
  // SQLite deletes the log when it closes, also one that it could not make sense of.
  const log = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : undefined;
  open.close();
  if (identityOf(path) !== identity) return undefined;

  const stamp = new Date(wallNow()).toISOString().replaceAll(/[-:.]/g, '');
  let movedTo = `${path}.aside-${stamp}`;
  for (let nth = 2; parts.some((part) => existsSync(movedTo + part)); nth += 1) {
    movedTo = `${path}.aside-${stamp}-${nth}`;
  }
  if (log !== undefined && log.length > 0 && !existsSync(`${path}-wal`))
    writeFileSync(`${movedTo}-wal`, log, { mode: 0o600 });
  for (const part of parts) {
    if (existsSync(path + part)) renameSync(path + part, movedTo + part);
  }
  return { file: path, movedTo, because };
}

function create(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  try {
    const created = openSync(path, 'wx', 0o600);
    fchmodSync(created, 0o600);
    closeSync(created);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // A symbolic link to a file that is not there yet, or was set aside.
    if (!existsSync(path)) return create(resolve(dirname(path), readlinkSync(path)));
    return false;
  }
}

function protect(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode !== undefined && (mode & 0o777) !== 0o600) chmodSync(path, 0o600);
}
