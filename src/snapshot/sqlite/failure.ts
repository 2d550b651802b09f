import { SnapshotError, SnapshotInUseError } from '../../errors.js';

/** The file is not what it must be, and `message` says why. It has to be set aside. */
export class Damage extends Error {}

/** Codes with which SQLite says that the file's content is at fault. */
const damaged = /^SQLITE_(CORRUPT|NOTADB|FORMAT|MISMATCH|CONSTRAINT)/;
const held = /^SQLITE_(BUSY|LOCKED|PROTOCOL)/;

const codeOf = (error: unknown): string => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
};

/** Whether the error tells of the file's content, and not of the disk, a lock or our own doing. */
export const isDamage = (error: unknown): error is Error =>
  error instanceof Damage || damaged.test(codeOf(error));

/**
 * Whether an error of the opening tells of the file's content. Its head may say of itself that it is for reading only, or
 * of an unknown format; neither says so in its code alone.
 */
export const isDamagedHead = (error: unknown, writable: () => boolean): error is Error =>
  isDamage(error) || codeOf(error) === 'SQLITE_ERROR' || (codeOf(error) === 'SQLITE_READONLY' && writable());

/** The error that a store rejects with. */
export function snapshotFailure(error: unknown, path: string, doing: string): Error {
  if (error instanceof SnapshotError || error instanceof SnapshotInUseError) return error;
  if (held.test(codeOf(error))) {
    return new SnapshotInUseError(
      `The snapshot's file ${path} is in use by another process, or by another cache of this one. A snapshot has one ` +
        'writer: give each its own file, or stop the other one.',
      { cause: error },
    );
  }
  const because = error instanceof Error ? error.message : String(error);
  return new SnapshotError(
    `The snapshot's file ${path} failed while ${doing}: ${because}. The cache goes on without it; look at the disk ` +
      "(space, permissions) and at the error's cause.",
    { cause: error },
  );
}
