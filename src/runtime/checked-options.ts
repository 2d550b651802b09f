import * as v from 'valibot';
import { OptionsError } from '../errors.js';

/**
 * Options as the schema has them. `at` is where they stand, such as `children[0]`; empty for the outermost.
 *
 * @throws OptionsError that names the option, what was given and what would do. What is not known is named first: it is most
 * often the misspelling of what is then missing.
 */
export function checkedOptions<const T extends v.GenericSchema & { readonly entries: object }>(
  schema: T,
  options: unknown,
  { of, at = '' }: { readonly of: string; readonly at?: string },
): v.InferOutput<T> {
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  const issue = result.issues.find(isUnknownKey) ?? result.issues[0];
  const path = v.getDotPath(issue);
  const option = path === null ? at : at === '' ? path : `${at}.${path}`;
  // Of what is not known the input is the name.
  const about = { option, given: isUnknownKey(issue) ? issue.path?.at(-1)?.value : issue.input };
  if (isUnknownKey(issue)) {
    const known = Object.keys(schema.entries).join(', ');
    throw new OptionsError(`Option "${option}" of ${of} is not known. Known are: ${known}.`, about);
  }
  if (isMissingKey(issue)) throw new OptionsError(`Option "${option}" of ${of} is missing.`, about);
  const wanted = issue.type === 'strict_object' ? 'must be an object' : issue.message;
  throw new OptionsError(
    `Option "${option || 'options'}" of ${of} ${wanted}. Given: ${issue.received}.`,
    about,
  );
}

type Issue = v.BaseIssue<unknown>;

const isUnknownKey = (issue: Issue): boolean => issue.type === 'strict_object' && issue.expected === 'never';

const isMissingKey = (issue: Issue): boolean =>
  issue.type === 'strict_object' && issue.received === 'undefined' && issue.path !== undefined;
