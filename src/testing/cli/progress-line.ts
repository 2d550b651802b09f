import type { Milliseconds } from '../../runtime/duration.js';
import type { Output } from './terminal.js';

/** How often it is written where it is rewritten in place, and where each is a line of a log. */
const every: { readonly inPlace: Milliseconds; readonly asLine: Milliseconds } = {
  inPlace: 100,
  asLine: 5_000,
};

const wipe = '\r\x1b[2K';

/** A line that says how far it is. Asked for far more often than it writes. */
export class ProgressLine {
  readonly #output: Output;
  readonly #now: () => Milliseconds;
  #next: Milliseconds;

  constructor(output: Output, now: () => Milliseconds) {
    this.#output = output;
    this.#now = now;
    this.#next = now() + (output.isTTY ? 0 : every.asLine);
  }

  show(text: () => string): void {
    const now = this.#now();
    if (now < this.#next) return;
    const { isTTY, columns = 80 } = this.#output;
    this.#next = now + (isTTY ? every.inPlace : every.asLine);
    this.#output.write(isTTY ? `${wipe}${text().slice(0, columns - 1)}` : `${text()}\n`);
  }

  /** Makes room for what is written next. */
  clear(): void {
    if (this.#output.isTTY) this.#output.write(wipe);
  }
}
