import { parseArgs } from 'node:util';
import { OptionsError } from '../errors.js';
import { type Duration, milliseconds } from '../runtime/duration.js';
import { installTrigger, triggerScript } from '../sources/postgres/install-trigger.js';
import type { Terminal } from '../testing/cli/terminal.js';
import { postgresHelp } from './help.js';

const options = {
  table: { type: 'string' },
  key: { type: 'string' },
  connection: { type: 'string' },
  'lock-timeout': { type: 'string', default: '5s' },
  print: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Does what a command line says. Answers the exit code. @throws OptionsError for what cannot be done. */
export async function postgres(line: readonly string[], { stdout, stderr }: Terminal): Promise<number> {
  const { values, positionals } = parsed(line);
  if (values.help) {
    stdout.write(postgresHelp);
    return 0;
  }
  const [command, ...more] = positionals;
  if (command !== 'install-trigger' || more.length > 0) {
    throw new OptionsError(
      `${command === undefined ? 'What is to be done was not said' : `There is no "postgres ${positionals.join(' ')}"`}. There is: npx holdfast postgres install-trigger. See --help.`,
    );
  }
  const plan = { table: needed(values.table, '--table'), key: needed(values.key, '--key') };
  if (values.print) {
    stdout.write(triggerScript(plan));
    return 0;
  }
  const lockTimeout = milliseconds(values['lock-timeout'] as Duration, '--lock-timeout');
  try {
    const installed = await installTrigger({ ...plan, connection: values.connection, lockTimeout });
    stdout.write(
      installed.already
        ? `Table ${installed.table} has it already: nothing was done.\n`
        : `Installed on table ${installed.table}: what is written to it is told by its "${plan.key}".\n`,
    );
    return 0;
  } catch (error) {
    if (error instanceof OptionsError) throw error;
    stderr.write(`holdfast: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function parsed(line: readonly string[]) {
  try {
    return parseArgs({ args: [...line], options, allowPositionals: true });
  } catch (error) {
    const [first] = (error as Error).message.split('. ');
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new OptionsError(
      `${first}. The options are ${names.join(', ')}; see npx holdfast postgres --help.`,
    );
  }
}

function needed(given: string | undefined, option: string): string {
  if (given !== undefined && given !== '') return given;
  throw new OptionsError(`${option} is missing. See npx holdfast postgres --help.`, { option, given });
}
