import { NoSuchActorError } from '../../src/errors.js';
import {
  type ChildCount,
  type ChildInfo,
  countChildren,
  type SupervisorRef,
  whichChildren,
} from '../../supervisors/index.js';
import { type Cast, labelOf } from './cast.js';
import type { TraceLine } from './compare.js';
import { inOrder, type Term } from './terms.js';

type State = Record<string, TraceLine['state'][string]>;

/** What every supervisor that lives says of its children, depth first. */
export async function snapshot(cast: Cast, root: string): Promise<State> {
  const state: State = {};
  const visit = async (path: string): Promise<void> => {
    const ref = cast.actor(path) as SupervisorRef | undefined;
    if (ref === undefined) return;
    try {
      const children = await whichChildren(ref);
      state[path] = { which: rowsOf(cast, path, children), count: countOf(await countChildren(ref)) };
      for (const child of visited(cast, path, children)) {
        const attempt = child.ref && cast.attemptOf(child.ref);
        if (child.type === 'supervisor' && attempt !== undefined) await visit(attempt.path);
      }
    } catch (error) {
      if (!(error instanceof NoSuchActorError)) throw error;
    }
  };
  await visit(root);
  return state;
}

/** OTP's way through the tree: in start order; of a dynamic supervisor's children the youngest first. */
const visited = (cast: Cast, path: string, children: readonly ChildInfo[]): readonly ChildInfo[] =>
  cast.simple.has(path) ? byAge(cast, children).reverse() : children;

/** Those that run, oldest first, then those that are being restarted. */
function byAge(cast: Cast, children: readonly ChildInfo[]): ChildInfo[] {
  const age = ({ ref, status }: ChildInfo): number =>
    ref === undefined || status === 'restarting' ? Number.MAX_SAFE_INTEGER : cast.ageOf(ref);
  return [...children].sort((a, b) => age(a) - age(b));
}

/** The rows of a state, last started first. */
function rowsOf(cast: Cast, path: string, children: readonly ChildInfo[]): readonly Term[] {
  if (!cast.simple.has(path)) return children.map((child) => row(cast, child, child.id)).reverse();
  return children.map((child) => row(cast, child, 'undefined')).sort(inOrder);
}

/** The rows that a call answers. Those of a dynamic supervisor come by age. */
export const listed = (cast: Cast, path: string, children: readonly ChildInfo[]): readonly Term[] =>
  cast.simple.has(path)
    ? byAge(cast, children).map((child) => row(cast, child, 'undefined'))
    : rowsOf(cast, path, children);

export const countOf = ({ specs, active, supervisors, workers }: ChildCount): readonly number[] => [
  specs,
  active,
  supervisors,
  workers,
];

function row(cast: Cast, { ref, status, type }: ChildInfo, id: string): Term {
  const attempt = ref && cast.attemptOf(ref);
  const pid = status === 'restarting' ? 'restarting' : attempt ? labelOf(attempt) : 'undefined';
  return [id, pid, type];
}
