import { GaveUpError, StartError } from '../../src/errors.js';
import type { ExitReason } from '../../src/runtime/index.js';
import { optionsTerm } from './option-errors.js';
import { type Term, termOf } from './terms.js';

/** An abnormal exit reason, as the error that a worker dies of. */
export class Exited extends Error {
  constructor(readonly term: Term) {
    super(JSON.stringify(term));
  }
}

/** OTP's exit reason as Holdfast's. */
export function reasonOf(json: unknown): ExitReason {
  if (json === 'normal' || json === 'shutdown' || json === 'killed') return { type: json };
  if (Array.isArray(json) && json.length === 2 && json[0] === 'shutdown') {
    return { type: 'shutdown', detail: termOf(json[1]) };
  }
  return { type: 'error', error: new Exited(termOf(json)) };
}

/** Holdfast's exit reason as OTP's. */
export function reasonTerm(reason: ExitReason): Term {
  if (reason.type === 'error') return errorTerm(reason.error);
  if (reason.type !== 'shutdown' || reason.detail === undefined) return reason.type;
  const { detail } = reason;
  if (detail instanceof GaveUpError) return 'shutdown';
  return ['shutdown', detail instanceof StartError ? failedToStart(detail) : (detail as Term)];
}

/** What a start failed with. */
export function errorTerm(error: unknown): Term {
  if (error instanceof Exited) return error.term;
  if (error instanceof StartError) return ['shutdown', failedToStart(error)];
  return optionsTerm(error) ?? ['unforeseen', String(error)];
}

const failedToStart = ({ childId, cause }: StartError): Term => [
  'failed_to_start_child',
  childId ?? 'undefined',
  errorTerm(cause),
];
