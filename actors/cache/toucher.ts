import { after, ageNow, type Timer, wallNow } from '../../src/runtime/time.js';
import type { Row, SourceContext } from '../../src/sources/source.js';
import type { CacheCore } from './core.js';
import { entryAt } from './entry.js';
import { Flag, judge } from './judge.js';
import { mayTell, prolonged } from './telling.js';
import type { PendingTouch } from './touches.js';

/** So many are told at once. */
const mostAtOnce = 8;

/**
 * Tells the source of rows in use, until the signal fires. While it is away they go into the snapshot's outbox, where there is one, and wait
 * here otherwise.
 */
export class Toucher<V> {
  readonly #core: CacheCore<V>;
  readonly #life: AbortSignal;
  readonly #off: readonly (() => void)[];
  #underWay = 0;
  #timer: Timer | undefined;

  constructor(core: CacheCore<V>, life: AbortSignal) {
    this.#core = core;
    this.#life = life;
    this.#off = [core.touches, core.link].map(({ changed }) => changed.listen(() => this.#go()));
    this.#go();
  }

  end(): void {
    this.#timer?.cancel();
    for (const off of this.#off) off();
  }

  #go(): void {
    const { link, policy, touches } = this.#core;
    this.#timer?.cancel();
    if (touches.size === 0) return;
    let due = Number.POSITIVE_INFINITY;
    for (let touch = touches.next(); touch !== undefined; touch = touches.next()) {
      if (!mayTell(this.#core)) {
        if (this.#putOff(touch)) continue;
        // Mostly somebody else finds out that it is back.
        due = Math.max(link.outage.nextAttempt, ageNow() + policy.backoff.min);
        break;
      }
      if (this.#underWay >= mostAtOnce) return;
      this.#tell(touch);
    }
    due = Math.min(due, touches.nextDue);
    if (due !== Number.POSITIVE_INFINITY) {
      this.#timer = after(Math.max(1, due - ageNow()), () => this.#go());
    }
  }

  /** Into the outbox. Says whether there is one, and a use in it: what is not told there is not worth a place. */
  #putOff(touch: PendingTouch): boolean {
    const { ledger, link, policy, touches } = this.#core;
    const kept = ledger !== undefined && !ledger.closed && policy.snapshot.maxOutbox > 0;
    if (!kept || link.source.touch === undefined) {
      if (!policy.secretKeys) return false;
      // Of a secret key nothing is kept that is not sealed.
      touches.forget(touch.key);
      touches.dropped++;
      return true;
    }
    touches.known(touch.key);
    if (!ledger.outbox.touch(touch.key, touch.raw, touch)) touches.dropped++;
    ledger.written.ring();
    return true;
  }

  #tell(touch: PendingTouch): void {
    const core = this.#core;
    const { keys, link, policy, touches } = core;
    const question = this.#question(touch);
    if (question === undefined) {
      touches.forget(touch.key);
      return;
    }
    this.#underWay++;
    const sent = touches.sending(touch, async () => {
      const answer = await link.ask(question, {
        signal: this.#life,
        timeout: policy.load.timeout,
        retries: 0,
        redact: (error) => keys.redact(error, touch.raw),
      });
      this.#underWay--;
      if (answer.type === 'answer') {
        touches.told++;
        prolonged(core, touch.key);
      } else if (!touches.isWanted(touch.key)) return;
      else if (answer.type === 'aborted') touches.again(touch);
      else if (!answer.unavailable) this.#refused(touch, answer.error);
      else if (!this.#putOff(touch)) {
        // A timeout that does not mean an outage yet is no reason to hurry.
        touches.again(touch, link.down ? undefined : ageNow() + policy.backoff.max);
      }
    });
    // A bug of ours, found in whatever context it was that rang.
    sent.catch((error) => core.crash(error));
  }

  /** It is not tried again by itself: whoever uses the row next touches it. */
  #refused({ key }: PendingTouch, error: unknown): void {
    const { bus, logger, policy, touches } = this.#core;
    touches.failed++;
    logger.error({ cache: policy.name, err: error }, 'the source refuses to be told that a row is in use');
    bus.publish('touch.failed', { key, error });
  }

  /** To a source that can only save, the whole row: unless it may be out of date, and would be written over what others wrote. */
  #question({
    key,
    raw,
    expiresAt,
    at,
  }: PendingTouch): ((context: SourceContext) => Promise<void>) | undefined {
    const { link, table, doubtBefore } = this.#core;
    const { source } = link;
    if (source.touch !== undefined) return async (context) => source.touch?.(raw, { expiresAt, at }, context);
    const slot = table.slotOf(key);
    if (slot < 0) return undefined;
    const entry = entryAt(table, slot);
    const { version, tags, flags = Flag.none } = entry;
    const now = { age: ageNow(), wall: wallNow(), sourceDown: false, doubtBefore };
    if (judge({ ...entry, expiresAt, flags }, now) !== 'fresh') return undefined;
    const row: Row<V> = {
      key: raw,
      value: table.valueAt(slot),
      expiresAt,
      ...(version !== undefined && { version }),
      ...(tags !== undefined && { tags }),
    };
    return async (context) => source.save?.(row, context);
  }
}
