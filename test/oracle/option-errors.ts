import { OptionsError } from '../../src/errors.js';
import { type Term, termOf } from './terms.js';
import { Foreign, ForeignType, wordOf } from './words.js';

/** What OTP says of flags or child specs that Holdfast refuses; undefined for an error of another kind. */
export function optionsTerm(error: unknown): Term | undefined {
  if (!(error instanceof OptionsError)) return undefined;
  const flag = flags[error.option ?? ''];
  if (flag === undefined) return ['start_spec', specTerm(error)];
  return ['supervisor_data', [flag, error.option === 'within' ? seconds(error.given) : shown(error.given)]];
}

/** What OTP says of one child spec. */
export function specTerm({ option = '', given }: OptionsError): Term {
  const [, key] = /\.(\w+)$/.exec(option) ?? [];
  if (key === undefined) return ['invalid_child_spec', shown(given)];
  if (key === 'id') return given === undefined ? 'missing_id' : ['duplicate_child_name', shown(given)];
  if (key === 'logic' && given === undefined) return 'missing_start';
  if (key === 'significant' && isCombination(given)) return ['bad_combination', { list: pairs(given) }];
  if (given instanceof ForeignType) return ['invalid_child_type', shown(given)];
  return [invalid[key] ?? `unforeseen: ${option}`, shown(given)];
}

const flags: Readonly<Record<string, string>> = {
  strategy: 'invalid_strategy',
  maxRestarts: 'invalid_intensity',
  within: 'invalid_period',
  autoShutdown: 'invalid_auto_shutdown',
};

const invalid: Readonly<Record<string, string>> = {
  restart: 'invalid_restart_type',
  shutdown: 'invalid_shutdown',
  significant: 'invalid_significant',
};

const isCombination = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === 'object' && given !== null && !(given instanceof Foreign);

const pairs = (given: Readonly<Record<string, unknown>>): Term[] =>
  Object.entries(given).map(([key, value]) => [wordOf(key), wordOf(String(value))]);

const shown = (given: unknown): Term => termOf(given instanceof Foreign ? given.word : given);
const seconds = (given: unknown): Term => (typeof given === 'number' ? given / 1000 : shown(given));
