import { type AsyncOwner, attribution } from './attribution.js';
import { soon } from './time.js';

/** A channel of `node:diagnostics_channel`, or, where there is none (a browser), one that nobody subscribes to. */
export interface DiagnosticsChannel {
  /** Costs next to nothing: ask it before a message is made. */
  readonly hasSubscribers: boolean;
  /** Hands the message to the subscribers. One that throws, be it later, harms nobody: it is told to `onError`. */
  publish(message: object): void;
}

interface NodeChannel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}

type Diagnostics = { readonly channel: (name: string) => NodeChannel };

const diagnostics = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => Diagnostics | undefined } }
).process?.getBuiltinModule?.('node:diagnostics_channel');

/** The channel of that name: one for the whole process. */
export function diagnosticsChannel(
  name: string,
  onError: (error: unknown, channel: string) => void,
): DiagnosticsChannel {
  const channel = diagnostics?.channel(name);
  return channel === undefined
    ? { hasSubscribers: false, publish() {} }
    : new Guarded(name, channel, onError);
}

class Guarded implements DiagnosticsChannel, AsyncOwner {
  readonly #name: string;
  readonly #channel: NodeChannel;
  readonly #onError: (error: unknown, channel: string) => void;

  constructor(name: string, channel: NodeChannel, onError: (error: unknown, channel: string) => void) {
    this.#name = name;
    this.#channel = channel;
    this.#onError = onError;
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(message: object): void {
    if (!this.#channel.hasSubscribers) return;
    // Node makes an uncaught exception of what a subscriber throws, in the next tick: the process would end by it, or the actor that
    // told something. So whatever subscribers begin is this channel's.
    const { hold, run } = attribution();
    const release = hold();
    run(this, () => this.#channel.publish(message));
    soon(release);
  }

  /** @internal */
  asyncError(error: unknown): void {
    this.#onError(error, this.#name);
  }
}
