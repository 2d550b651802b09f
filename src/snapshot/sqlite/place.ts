import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
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
    mkdirSync(dirname(path), { recursive: true });
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

/** Moves the file, and what lies beside it, to a name of its own. Throws where the folder does not let it. */
export function setAside(path: string, because: string): Aside {
  const stamp = new Date(wallNow()).toISOString().replaceAll(/[-:.]/g, '');
  let movedTo = `${path}.aside-${stamp}`;
  for (let nth = 2; parts.some((part) => existsSync(movedTo + part)); nth += 1) {
    movedTo = `${path}.aside-${stamp}-${nth}`;
  }
  for (const part of parts) {
    if (existsSync(path + part)) renameSync(path + part, movedTo + part);
  }
  return { file: path, movedTo, because };
}

function create(path: string): boolean {
  try {
    const created = openSync(path, 'wx', 0o600);
    fchmodSync(created, 0o600);
    closeSync(created);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function protect(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode !== undefined && (mode & 0o777) !== 0o600) chmodSync(path, 0o600);
}
