import { HoldfastError, SourceConfigurationError, SourceUnavailableError } from '../../errors.js';
import { isUnavailable } from '../classify.js';
import type { TablePlan } from './table-plan.js';

/** What SQLite says, with the one code SQLITE_ERROR, when the schema is not what a statement thought. */
const otherSchema =
  /^no such (table|column)|has no column named|^ON CONFLICT clause does not match|^cannot modify/;

/** Locks are waited for with the connection as it is; after anything else it is opened anew. */
const justBusy = /^SQLITE_(BUSY|LOCKED)/;

/** The error as callers get it, and whether the connection is of use no more. */
export function explain(
  error: unknown,
  plan: TablePlan,
): { readonly explained: unknown; readonly reopen: boolean } {
  if (error instanceof HoldfastError) return { explained: error, reopen: false };
  const { code, message } = told(error);
  if (isUnavailable(error)) {
    return {
      explained: new SourceUnavailableError(`The database "${plan.file}" cannot be reached: ${message}.`, {
        cause: error,
      }),
      reopen: !justBusy.test(code),
    };
  }
  if (code === 'SQLITE_READONLY' || (code === 'SQLITE_ERROR' && otherSchema.test(message))) {
    return {
      explained: new SourceConfigurationError(
        `The database "${plan.file}" is not what the source was told: ${message}. Mend the source's options, or the table.`,
        { cause: error },
      ),
      reopen: false,
    };
  }
  return { explained: error, reopen: false };
}

function told(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code: unknown = Reflect.get(error, 'code');
  return { code: typeof code === 'string' ? code : '', message: error.message };
}
