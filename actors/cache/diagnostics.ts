import type { OwnBus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import { type DiagnosticsChannel, diagnosticsChannel } from '../../src/runtime/diagnostics.js';
import type { Lookup } from './lookup.js';

/**
 * What `holdfast:cache:answer` carries: what one question was answered. Published for `lookup`, `get`, `read`, `fetch`, `readMany` and
 * `refresh`; of the key nothing is told.
 */
export interface AnswerMessage {
  /** The cache's name. */
  readonly cache: string;
  readonly status: Lookup<unknown>['status'];
  /** As in the `Lookup`; `get`, which looks at no reason where it has a value, gives none. */
  readonly because?: string;
}

/** What `holdfast:cache:load` carries: one question to the source has ended. */
export interface LoadMessage {
  readonly cache: string;
  /** How many keys it was about: 1, or a batch of `loadMany`. */
  readonly keys: number;
  /** ms. */
  readonly took: number;
  /** `'away'`: the source could not be reached, or not in time. */
  readonly outcome: 'answered' | 'failed' | 'away';
  readonly error?: unknown;
}

/** A cache on `node:diagnostics_channel`: `holdfast:cache:answer`, `holdfast:cache:load`, and a channel for each topic of its bus. */
export class Diagnostics {
  readonly #cache: string;
  readonly #onError: (error: unknown, channel: string) => void;
  readonly #channels = new Map<string, DiagnosticsChannel>();
  /** Whether anybody hears of it is asked on the hottest path. */
  readonly answers: DiagnosticsChannel;
  readonly loads: DiagnosticsChannel;

  constructor(cache: string, onSubscriberError: (error: unknown, channel: string) => void) {
    this.#cache = cache;
    this.#onError = onSubscriberError;
    this.answers = this.#channel('answer');
    this.loads = this.#channel('load');
  }

  answered(message: Omit<AnswerMessage, 'cache'>): void {
    this.answers.publish({ cache: this.#cache, ...message } satisfies AnswerMessage);
  }

  loaded(message: Omit<LoadMessage, 'cache'>): void {
    this.loads.publish({ cache: this.#cache, ...message } satisfies LoadMessage);
  }

  /** The same bus, whose events are told on the channels of their topics, too. */
  follow(bus: OwnBus<CacheEvents>): OwnBus<CacheEvents> {
    return {
      subscribe: bus.subscribe,
      hears: (topic) => bus.hears(topic) || this.#channel(topic).hasSubscribers,
      asks: (topic) => bus.asks(topic) || this.#channel(topic).hasSubscribers,
      publish: (topic, payload) => {
        bus.publish(topic, payload);
        const channel = this.#channel(topic);
        if (channel.hasSubscribers) channel.publish({ cache: this.#cache, type: topic, ...payload });
      },
    };
  }

  #channel(topic: string): DiagnosticsChannel {
    let channel = this.#channels.get(topic);
    if (channel === undefined) {
      channel = diagnosticsChannel(`holdfast:cache:${topic}`, this.#onError);
      this.#channels.set(topic, channel);
    }
    return channel;
  }
}
