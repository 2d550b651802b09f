import type { AnyActorLogic } from 'xstate';
import type { ChildSpec } from '../src/runtime/child-spec.js';
import { resolveSpec } from './spec.js';

/**
 * A child spec whose `input`, `ready` and `startInfo` are checked against its logic.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * supervisor({ children: [child({ id: 'mailer', logic: mailer, input: { from: 'me@example.org' } })] });
 * ```
 */
export function child<L extends AnyActorLogic>(spec: ChildSpec<L>): ChildSpec {
  resolveSpec(spec, `child '${String(spec?.id)}'`);
  return spec as unknown as ChildSpec;
}
