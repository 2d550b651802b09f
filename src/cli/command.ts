import { OptionsError } from '../errors.js';
import { parseSimulate } from '../testing/cli/arguments.js';
import { simulateHelp } from '../testing/cli/help.js';
import { simulate } from '../testing/cli/simulate.js';
import type { Terminal } from '../testing/cli/terminal.js';
import { shown } from '../testing/shown.js';
import { commandHelp } from './help.js';
import { postgres } from './postgres.js';

export interface CommandTerminal extends Terminal {
  readonly version: () => string;
}

/** It could not be done: what it was told cannot be. */
const unusable = 2;

/** Does what a command line says. Answers the exit code: 0 it held, 1 it failed, 2 it could not be done, 130 it was broken off. */
export async function command(line: readonly string[], terminal: CommandTerminal): Promise<number> {
  const [name, ...rest] = line;
  try {
    if (name === '--version') {
      terminal.stdout.write(`${terminal.version()}\n`);
      return 0;
    }
    if (name === '--help' || name === '-h' || name === 'help') {
      terminal.stdout.write(commandHelp);
      return 0;
    }
    if (name === 'postgres') return await postgres(rest, terminal);
    if (name !== 'simulate') {
      throw new OptionsError(
        `${name === undefined ? 'No command was given' : `There is no command "${name}"`}. There are simulate and postgres. See npx holdfast --help.`,
      );
    }
    const asked = parseSimulate(rest);
    if (asked.help) {
      terminal.stdout.write(simulateHelp);
      return 0;
    }
    return await simulate(asked, terminal);
  } catch (error) {
    const known = error instanceof OptionsError;
    terminal.stderr.write(
      `holdfast: ${known ? error.message : error instanceof Error ? error.stack : shown(error)}\n`,
    );
    return unusable;
  }
}
