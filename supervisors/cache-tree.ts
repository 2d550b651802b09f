import type { CacheCore } from '../actors/cache/core.js';
import { cacheLogic } from '../actors/cache/machine.js';
import { janitorLogic } from '../actors/janitor/machine.js';
import { listenerLogic } from '../actors/listener/machine.js';
import { snapshotterLogic } from '../actors/snapshotter/machine.js';
import { throttleLogic } from '../actors/throttle/machine.js';
import { warmerLogic } from '../actors/warmer/machine.js';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import { child } from './child.js';
import { type SupervisorLogic, supervisorWith } from './supervisor.js';

/**
 * The small tree of a cache, one-for-one: each child is restarted alone and takes up its work where the core has it. The
 * source's own child, if it brings one, is started first and stopped last.
 */
export function cacheTree<V>(core: CacheCore<V>): SupervisorLogic {
  const named = (id: string): string => `${core.policy.name}/${id}`;
  // The machines never look into values: they hand them on.
  const input = { core: core as unknown as CacheCore<unknown> };
  const own = core.link.source.child;
  const children: ChildSpec[] = [
    ...(own === undefined ? [] : [{ ...own, id: 'source', name: named('source') }]),
    child({ id: 'cache', name: named('cache'), logic: cacheLogic, input }),
    ...(core.ledger === undefined
      ? []
      : [
          child({
            id: 'snapshotter',
            name: named('snapshotter'),
            logic: snapshotterLogic,
            input: { ...input, ledger: core.ledger },
            // Its last writing may be a full one; it gives up by itself where that gets nowhere.
            shutdown: 'infinity',
            // It bounds the restore itself; opening waits for a disk.
            startTimeout: '60s',
          }),
        ]),
    ...(core.throttle === undefined
      ? []
      : [
          child({
            id: 'throttle',
            name: named('throttle'),
            logic: throttleLogic,
            input: { ...input, throttle: core.throttle },
          }),
        ]),
    ...(core.listening.possible
      ? [child({ id: 'listener', name: named('listener'), logic: listenerLogic, input })]
      : []),
    child({ id: 'warmer', name: named('warmer'), logic: warmerLogic, input }),
    child({ id: 'janitor', name: named('janitor'), logic: janitorLogic, input }),
  ];
  // Its last crash may be the end of the tree, and of the supervisors above it: then nobody is left to do what was asked for.
  return supervisorWith({ children }, () => {
    if (!core.running) core.ended();
  });
}
