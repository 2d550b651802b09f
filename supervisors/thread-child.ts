import type { AnyActorLogic, InputFrom, SnapshotFrom } from 'xstate';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import { type ThreadChildOptions, threadPlan } from '../src/threads/options.js';
import { isReported, type ThreadSnapshot, threadLogic } from '../src/threads/thread-logic.js';
import { resolveSpec } from './spec.js';

/** A child spec whose actor lives in a thread: `module` instead of `logic`. `L` is the type of the logic in the module. */
export interface ThreadChildSpec<L extends AnyActorLogic = AnyActorLogic>
  extends Omit<ChildSpec<L>, 'logic' | 'ready' | 'startInfo'>,
    ThreadChildOptions {
  /** Structured-cloneable. A function is called, on this side, at every start. */
  readonly input?: InputFrom<L> | (() => InputFrom<L>);
  /** As of any child; asked here, and of what is known here of where the actor stands. */
  readonly ready?: (snapshot: ThreadSnapshot) => boolean;
  readonly startInfo?: (snapshot: ThreadSnapshot) => unknown;
}

/**
 * A child spec whose actor runs in a worker thread: what blocks there, or dies there, leaves this event loop alone, and its
 * supervisor starts it again like any other child. What stands for it here is an ordinary ref: `send`, `ask`, names, links, monitors,
 * `tree()` and `sys.getState` work with it.
 *
 * @remarks
 * - Events, replies and input are cloned. `send` throws a DataCloneError for an event that cannot be, `ask` rejects with it; by name, to a
 *   group or over a bus it is a dead letter. Raw `ref.send` goes past that and the mailbox's bound, as ever. At most 1,000 events are on
 *   their way to the thread or wait in it; the others wait here, within `mailbox.bound`.
 * - In the thread the actor is the root of a tree of its own. `reply`, `loggerOf`, `signalOf` and `incarnationOf` work there. What it sends by a
 *   name that nobody bears there goes to whoever bears it here. Events that it `emit`s do not cross.
 * - `value`, `tags` and `context` (where that can be cloned: keep it small) of its snapshot are told here once per turn of its
 *   event loop, so that states it passed in between may not be seen. An output that cannot be cloned arrives as plain data.
 * - Its exit reason: what it would be here. An error keeps name, message, stack, `code` and causes, and is an instance of its class only
 *   where that is Holdfast's or JavaScript's own. `process.exit()` is a `ThreadExitedError`, out of memory a `ThreadOutOfMemoryError`, an
 *   event loop that did not turn for `every * misses` a `ThreadUnresponsiveError`; silence counts only while this event loop turns.
 * - A thread that has not told anything within `startTimeout` (it hangs while it loads) is a failed start. A native call cannot be
 *   interrupted: its thread ends when it returns, and the next incarnation is not begun before.
 * - A thread takes some 30 ms and a few MB to start, and keeps the process alive as long as its child runs.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * // resizer.ts
 * export default fromCallback<Question<{ type: 'resize'; bytes: Uint8Array }, Uint8Array>>(({ receive }) =>
 *   receive((event) => void reply(event, resized(event.bytes))),
 * );
 * // main.ts
 * const resizer = threadChild({
 *   id: 'resizer',
 *   module: new URL('./resizer.js', import.meta.url),
 *   resourceLimits: { maxOldGenerationSizeMb: 256 },
 *   heartbeat: { every: '500ms', misses: 4 },
 * });
 * const runtime = await createRuntime({ children: [resizer] }).start();
 * ```
 */
export function threadChild<L extends AnyActorLogic = AnyActorLogic>(spec: ThreadChildSpec<L>): ChildSpec {
  const { module, resourceLimits, heartbeat, ready, ...rest } = spec;
  const plan = threadPlan({ module, resourceLimits, heartbeat });
  const own = { ...rest, logic: threadLogic(plan), ...(ready !== undefined && { ready }) };
  resolveSpec(own, `child '${String(spec.id)}'`);
  return { ...own, ...(ready !== undefined && { ready: knowingly(ready) }) } as unknown as ChildSpec;
}

/** Nothing is asked of a snapshot that is not the actor's. */
const knowingly =
  (ready: (snapshot: ThreadSnapshot) => boolean) =>
  (snapshot: SnapshotFrom<AnyActorLogic>): boolean =>
    isReported(snapshot) && ready(snapshot);
