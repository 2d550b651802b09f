import { OptionsError } from '../../errors.js';
import { shown } from '../shown.js';
import { parseSimulate } from './arguments.js';
import { commandHelp, simulateHelp } from './help.js';
import { simulate } from './simulate.js';
import type { Terminal } from './terminal.js';

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
    if (name !== 'simulate') {
      throw new OptionsError(
        `${name === undefined ? 'No command was given' : `There is no command "${name}"`}. There is one: simulate. See npx holdfast --help.`,
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
