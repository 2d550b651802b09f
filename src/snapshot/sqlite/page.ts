import { slice, yieldToLoop } from '../../runtime/time.js';
import type {
  SnapshotAppend,
  SnapshotAppended,
  SnapshotEntry,
  SnapshotPage,
  SnapshotTombstone,
} from '../store.js';
import { type Block, BlockReader, BlockWriter, blockSize } from './block.js';
import { type Chunk, FrameWriter, operation, readFrames } from './frame.js';
import { packEntry, packTombstone, packWord, unpackEntry, unpackTombstone } from './record.js';

export interface PackedPage extends SnapshotAppended {
  readonly blocks: readonly Block[];
  readonly chunks: readonly Chunk[];
}

/** Packs the pages of one session. */
export class PagePacker {
  readonly #blocks = new BlockWriter();
  /** Of all pages together, though a single huge value may take longer: an answer of the file's thread that is already there gives nobody else a turn. */
  readonly #pace = slice();

  /**
   * Packs a page, in short stretches. What speaks of keys comes behind what records them, so that the order within a page
   * does not matter. `inBlocks`: many entries are packed together; those with which that is not possible, each for itself.
   */
  async pack(page: SnapshotAppend, inBlocks: boolean): Promise<PackedPage> {
    const writer = new FrameWriter();
    const skipped: { readonly key: string; readonly error: unknown }[] = [];
    const single = inBlocks && page.entries.length >= blockSize.least ? await this.#fill(page) : page.entries;
    await this.#each(single, (entry) => {
      try {
        packEntry(writer, entry);
      } catch (error) {
        skipped.push({ key: entry.key, error });
        packWord(writer, 'skipped', entry);
      }
    });
    await this.#each(page.tombstones, (tombstone) => packTombstone(writer, tombstone));
    await this.#each(page.gone, (word) => packWord(writer, 'gone', word));
    await this.#each(page.lifted, (word) => packWord(writer, 'lifted', word));
    const packed = { blocks: this.#blocks.take(), chunks: writer.take(), skipped };
    await this.#breathe();
    return packed;
  }

  /** Fills blocks with the page's entries. Answers those that are not in them. */
  async #fill({ entries }: SnapshotAppend): Promise<readonly SnapshotEntry[]> {
    const alone: SnapshotEntry[] = [];
    for (let at = 0; at < entries.length; ) {
      const { appetite } = this.#blocks;
      const some = entries.slice(at, appetite === 0 ? entries.length : at + appetite);
      at += some.length;
      try {
        if (appetite > 0) this.#blocks.add(some);
        else alone.push(...some);
      } catch {
        alone.push(...some);
      }
      await this.#breathe();
    }
    return alone;
  }

  async #each<Item>(items: readonly Item[], pack: (item: Item) => void): Promise<void> {
    for (const item of items) {
      pack(item);
      if (this.#pace.spent()) await this.#breathe();
    }
  }

  async #breathe(): Promise<void> {
    if (!this.#pace.spent()) return;
    await yieldToLoop();
    this.#pace.renew();
  }
}

/** Packs a few tombstones at once. */
export function packTombstones(tombstones: readonly SnapshotTombstone[]): readonly Chunk[] {
  const writer = new FrameWriter();
  for (const tombstone of tombstones) packTombstone(writer, tombstone);
  return writer.take();
}

/**
 * Unpacks what was read, in short stretches.
 * @throws what `v8.deserialize` throws
 */
export async function unpackPage(chunks: readonly Chunk[], blocks: readonly Block[]): Promise<SnapshotPage> {
  const entries: SnapshotEntry[] = [];
  const tombstones: SnapshotTombstone[] = [];
  const pace = slice();
  for (const block of blocks) {
    for (const batch of new BlockReader(block).batches()) {
      for (const entry of batch) entries.push(entry);
      if (!pace.spent()) continue;
      await yieldToLoop();
      pace.renew();
    }
  }
  for (const frame of readFrames(chunks)) {
    if (frame.operation === operation.entry) entries.push(unpackEntry(frame));
    else tombstones.push(unpackTombstone(frame));
    if (!pace.spent()) continue;
    await yieldToLoop();
    pace.renew();
  }
  return { entries, tombstones };
}
