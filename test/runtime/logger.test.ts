import { expect, test } from 'vitest';
import { guarded, type Logger, silent } from '../../src/runtime/logger.js';

const levels = ['debug', 'info', 'warn', 'error'] as const;

test('a guarded logger hands on every line at its level, and keeps its own `this`', () => {
  const lines: unknown[] = [];
  class Noting implements Logger {
    readonly #lines = lines;
    debug = (...line: unknown[]) => this.#note('debug', line);
    info(...line: unknown[]) {
      this.#note('info', line);
    }
    warn(...line: unknown[]) {
      this.#note('warn', line);
    }
    error(...line: unknown[]) {
      this.#note('error', line);
    }
    #note(level: string, line: unknown[]): void {
      this.#lines.push([level, ...line]);
    }
  }
  const logger = guarded(new Noting());
  for (const level of levels) logger[level]({ level }, 'said');
  expect(lines).toEqual(levels.map((level) => [level, { level }, 'said']));
});

test('a guarded logger that throws harms nobody', () => {
  const fails = (): never => {
    throw new Error('disk full');
  };
  const logger = guarded({ debug: fails, info: fails, warn: fails, error: fails });
  for (const level of levels) expect(logger[level]({}, 'said')).toBeUndefined();
});

test('the silent logger says nothing', () => {
  for (const level of levels) expect(silent[level]({}, 'said')).toBeUndefined();
});
