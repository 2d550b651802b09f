let foreign: string | undefined;

/**
 * Sets timers that are not the code under test's own, but those of the world around it (a database that answers late): named so in the
 * trace, and not missed by whoever stops.
 */
export function asForeign<T>(name: string, work: () => T): T {
  const before = foreign;
  foreign = name;
  try {
    return work();
  } finally {
    foreign = before;
  }
}

/** Whose timers are being set, when they are not the code under test's. */
export const foreignName = (): string | undefined => foreign && `${mark}${foreign}`;

const mark = '~';

/** Whether what waits in a world is foreign to the code under test. */
export const isForeign = (label: string): boolean => label.startsWith(mark);
