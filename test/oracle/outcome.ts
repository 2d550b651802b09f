import type { Attempt } from './cast.js';
import type { Term } from './terms.js';

type Kind = 'ok' | 'ignore' | 'error' | 'bad';

function split({ outcome }: Attempt): readonly [Kind, string | undefined] {
  const at = outcome.indexOf(':');
  return at < 0 ? [outcome as Kind, undefined] : [outcome.slice(0, at) as Kind, outcome.slice(at + 1)];
}

export const kindOf = (attempt: Attempt): Kind => split(attempt)[0];

/** What a start tells beside the actor. */
export function infoOf(attempt: Attempt): string | undefined {
  const [kind, info] = split(attempt);
  return kind === 'ok' ? info : undefined;
}

/** Whether the start function raises, and so never returns: OTP's runner knows no such outcomes of a supervisor. */
export function raises(attempt: Attempt): boolean {
  const [kind, rest] = split(attempt);
  return attempt.type === 'supervisor' && (kind === 'bad' || (kind === 'ok' && rest !== undefined));
}

/** What a failing start function fails with; undefined when it does not. */
export function failureOf(attempt: Attempt): Term | undefined {
  if (raises(attempt)) return ['EXIT', [['case_clause', attempt.outcome], '<stack>']];
  const [kind, reason] = split(attempt);
  return kind === 'error' || kind === 'bad' ? reason : undefined;
}
