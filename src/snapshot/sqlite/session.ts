import { SnapshotCorruptError, SnapshotError, SnapshotInUseError, ThreadError } from '../../errors.js';
import { yieldToLoop } from '../../runtime/time.js';
import { Lane } from '../lane.js';
import type {
  OutboxEntry,
  OutboxOrder,
  SnapshotAppend,
  SnapshotAppended,
  SnapshotPage,
  SnapshotTombstone,
} from '../store.js';
import type { Engine } from './engine.js';
import { PagePacker, packTombstones, unpackPage } from './page.js';
import type { ReadPage } from './reader.js';
import type { FileOpening, FileRequest } from './snapshot-file.js';

/** Tombstones in one transaction. */
const journaled = 1000;

type Reading = { readonly signal: AbortSignal; readonly page: number };

/** One opening of the file, until it is closed or fails. What was begun in it never reaches a later one. */
export class Session {
  readonly #engine: Engine;
  readonly #lane = new Lane();
  readonly #accepted = new Set<Promise<void>>();
  #pages: Promise<void> = Promise.resolve();
  #purge = false;
  readonly #packer = new PagePacker();
  /** A full writing has begun and not ended. */
  #whole = false;
  #path = '';
  /** Why nothing more can be done. */
  #over: SnapshotError | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async open(request: FileRequest): Promise<FileOpening> {
    this.#path = request.file;
    const opening = await this.#call((engine) => engine.open(request));
    this.#path = opening.path;
    this.#purge = opening.purge;
    return opening;
  }

  append(page: SnapshotAppend): Promise<SnapshotAppended> {
    const { writtenAt, cursor, full, asOf } = page;
    const ends = full === 'end' || full === 'both';
    // While the file's thread writes a page, the next one is packed.
    const sent = this.#inOrder(async () => {
      this.#whole ||= full !== undefined;
      const { blocks, chunks, skipped } = await this.#packer.pack(page, this.#whole);
      if (ends) this.#whole = false;
      await this.#purgeAll();
      const written = this.#call((engine) =>
        engine.append(blocks, chunks, { writtenAt, cursor, full, asOf }),
      );
      // What it leaves to be purged goes before the next page.
      if (ends) this.#purge = await written;
      return { written, skipped };
    });
    return this.#accept(
      sent.then(async ({ written, skipped }) => {
        await written;
        // At once, but nobody waits for it: what is left undone, the next page or the next opening does.
        if (this.#purge) void this.#inOrder(() => this.#purgeAll()).catch(() => {});
        return { skipped };
      }),
    );
  }

  journal(tombstones: readonly SnapshotTombstone[]): Promise<void> {
    const write = async (): Promise<void> => {
      for (let at = 0; at < tombstones.length; at += journaled) {
        const chunks = packTombstones(tombstones.slice(at, at + journaled));
        await this.#call((engine) => engine.journal(chunks), { ahead: true });
      }
    };
    return this.#accept(write());
  }

  enqueue(orders: readonly OutboxOrder[]): Promise<readonly number[]> {
    return this.#accept(this.#call((engine) => engine.enqueue(orders), { ahead: true }));
  }

  waiting(after: number, most: number): Promise<readonly OutboxEntry[]> {
    return this.#call((engine) => engine.waiting(after, most), { ahead: true });
  }

  acknowledge(ids: readonly number[]): Promise<void> {
    return this.#accept(this.#call((engine) => engine.acknowledge(ids), { ahead: true }));
  }

  async *restore({ signal, page: most }: Reading): AsyncGenerator<SnapshotPage, void> {
    signal.throwIfAborted();
    let read = await abortable(
      this.#call((engine) => engine.read(undefined, most)),
      signal,
    );
    for (;;) {
      // The file's thread reads the next page while this one is taken apart.
      const { next } = read;
      const coming = next && this.#call((engine) => engine.read(next, most));
      coming?.catch(() => {});
      if (read.chunks.length + read.blocks.length > 0) {
        const page = await this.#unpacked(read);
        // What the consumer does with it is a stretch of its own.
        await yieldToLoop();
        signal.throwIfAborted();
        yield* inParts(page, most);
      }
      if (coming === undefined) return;
      read = await abortable(coming, signal);
    }
  }

  compact(): Promise<void> {
    return this.#accept(
      this.#inOrder(async () => {
        await this.#purgeAll();
        let more = await this.#call((engine) => engine.compact(true));
        while (more && !this.#closing) more = await this.#call((engine) => engine.compact(false));
      }),
    );
  }

  /** What was accepted is done, then the file is closed and its thread ended. Never rejects. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#accepted);
    this.#over ??= new SnapshotError('The snapshot store was closed meanwhile. Open it again first.');
    await this.#lane.run(() => this.#engine.close(), { ahead: true }).catch(() => {});
    await this.#engine.terminate();
  }

  #closing = false;

  #accept<Result>(work: Promise<Result>): Promise<Result> {
    const settled: Promise<void> = work
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        this.#accepted.delete(settled);
      });
    this.#accepted.add(settled);
    return work;
  }

  /** Pages keep the order of the calls though packing them takes more than one turn. */
  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#pages.then(work);
    this.#pages = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  async #purgeAll(): Promise<void> {
    while (this.#purge && !(this.#closing && this.#accepted.size === 0)) {
      this.#purge = await this.#call((engine) => engine.purge());
    }
  }

  async #unpacked({ chunks, blocks }: ReadPage): Promise<SnapshotPage> {
    try {
      return await unpackPage(chunks, blocks);
    } catch (cause) {
      const because = `a value of it cannot be deserialized: ${cause instanceof Error ? cause.message : String(cause)}`;
      const aside = await this.#call((engine) => engine.discard(because), { ahead: true });
      throw this.#end(
        new SnapshotCorruptError(corrupt(aside.file, because, aside.movedTo), aside, { cause }),
      );
    }
  }

  async #call<Result>(
    run: (engine: Engine) => Promise<Result>,
    order: { readonly ahead?: boolean } = {},
  ): Promise<Result> {
    return this.#lane.run(async () => {
      if (this.#over !== undefined) throw this.#over;
      try {
        return await run(this.#engine);
      } catch (error) {
        throw await this.#told(error);
      }
    }, order);
  }

  /** The error as callers get it: of our classes, with all that they carry. */
  async #told(error: unknown): Promise<unknown> {
    if (error instanceof SnapshotCorruptError) {
      const aside = (await this.#engine.lastAside().catch(() => undefined)) ?? error.aside;
      return this.#end(new SnapshotCorruptError(error.message, aside, { cause: error.cause }));
    }
    if (error instanceof SnapshotInUseError)
      return new SnapshotInUseError(error.message, { cause: error.cause });
    if (error instanceof ThreadError) {
      return this.#end(
        new SnapshotError(
          `The thread of the snapshot's file ${this.#path} died. What had resolved is on disk; open the store again.`,
          { cause: error },
        ),
      );
    }
    if (error instanceof SnapshotError) return new SnapshotError(error.message, { cause: error.cause });
    return error;
  }

  #end<Failure extends Error>(failure: Failure): Failure {
    this.#over ??= new SnapshotError(`${failure.message} Until then nothing is written.`, { cause: failure });
    return failure;
  }
}

const corrupt = (file: string, because: string, movedTo: string | undefined): string =>
  `The snapshot's file ${file} is damaged: ${because}. It was moved to ${movedTo}; open the store again to start with an empty one.`;

/** A block may have more entries than a page is to have. */
function* inParts({ entries, tombstones }: SnapshotPage, most: number): Generator<SnapshotPage, void> {
  if (entries.length + tombstones.length <= most) {
    if (entries.length + tombstones.length > 0) yield { entries, tombstones };
    return;
  }
  for (let at = 0; at < tombstones.length; at += most) {
    yield { entries: [], tombstones: tombstones.slice(at, at + most) };
  }
  for (let at = 0; at < entries.length; at += most) {
    yield { entries: entries.slice(at, at + most), tombstones: [] };
  }
}

/** The result, or the signal's reason at once. */
function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    const settled = (): void => signal.removeEventListener('abort', abort);
    work.then(
      (result) => {
        settled();
        resolve(result);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
  });
}
