import { type Attribution, attribution } from '../runtime/attribution.js';

const home = Symbol.for('holdfast.attribution');
const place = globalThis as { [home]?: Attribution };

/**
 * Notes every hold on the process's error hook until the returned function is called, which lets go of those that are
 * left: a process that was killed in a world, or a runtime that was never stopped, must not stay in the real one.
 */
export function noteHolds(): () => void {
  const real = attribution();
  const held = new Set<() => void>();
  place[home] = {
    run: real.run,
    current: () => real.current(),
    hold() {
      const release = real.hold();
      held.add(release);
      return () => {
        held.delete(release);
        release();
      };
    },
  };
  return () => {
    for (const release of held) release();
    place[home] = real;
  };
}
