import { ageNow } from '../../src/runtime/time.js';
import type { CacheCore } from '../cache/core.js';
import { doubtAll } from '../cache/doubt.js';
import { noticeKeys, noticeSomething } from './notice.js';

/** What the listener is told of its subscription. */
export type SubscriptionEvent =
  | { readonly type: 'open' }
  | { readonly type: 'lost'; readonly error: unknown };

/** One subscription, until the signal fires or the source gives it up. Whatever the source does is told, never thrown. */
export function subscribe<V>(
  core: CacheCore<V>,
  signal: AbortSignal,
  tell: (event: SubscriptionEvent) => void,
): void {
  const { source } = core.link;
  /** What a subscription that is over still calls is nobody's. */
  const ifOn =
    (act: () => void): (() => void) =>
    () => {
      if (!signal.aborted) act();
    };
  const ended = (error: unknown): void => {
    if (!signal.aborted) tell({ type: 'lost', error });
  };
  try {
    const subscription = source.subscribe?.({
      signal,
      onOpen: ifOn(() => {
        opened(core);
        tell({ type: 'open' });
      }),
      onChange: (keys) => {
        if (signal.aborted) return;
        if (keys === undefined) noticeSomething(core);
        else if (Array.isArray(keys)) noticeKeys(core, keys);
        else ended(new TypeError('`onChange` must be told an array of keys, or nothing.'));
      },
      onGap: ifOn(() => doubtAll(core, 'the source told of more than it names')),
    });
    Promise.resolve(subscription).then(
      () => ended(new Error('The source ended the subscription, which nobody had given up.')),
      ended,
    );
  } catch (error) {
    ended(error);
  }
}

/** What was read before nobody listened to: it may have changed unheard. */
function opened<V>(core: CacheCore<V>): void {
  const { listening, passes } = core;
  const first = listening.opened === 0 && passes.begun === 0;
  listening.begun();
  // The first pass is yet to come, and confirms all of it.
  if (first) core.doubtBefore = ageNow();
  else doubtAll(core, 'changes were not listened to for a while');
}
