import { slice, yieldToLoop } from '../../runtime/time.js';
import type {
  SnapshotAppend,
  SnapshotAppended,
  SnapshotEntry,
  SnapshotPage,
  SnapshotTombstone,
} from '../store.js';
import { type Block, BlockReader, type BlockWriter, blockSize } from './block.js';
import { type Chunk, FrameWriter, operation, readFrames } from './frame.js';
import { packEntry, packTombstone, packWord, unpackEntry, unpackTombstone } from './record.js';

/** Own work in one stretch, ms. A single huge value may take longer. */
const budget = 3;

export interface PackedPage extends SnapshotAppended {
  readonly blocks: readonly Block[];
  readonly chunks: readonly Chunk[];
}

/**
 * Packs a page, in short stretches. What speaks of keys comes behind what records them, so that the order within a page
 * does not matter. With `blocks`, many entries are packed together; those of which that is not possible, each for itself.
 */
export async function packPage(page: SnapshotAppend, blocks: BlockWriter | undefined): Promise<PackedPage> {
  const writer = new FrameWriter();
  const skipped: { readonly key: string; readonly error: unknown }[] = [];
  const pace = slice(budget);
  const packAll = async <Item>(items: readonly Item[], pack: (item: Item) => void): Promise<void> => {
    for (const item of items) {
      pack(item);
      if (!pace.spent()) continue;
      await yieldToLoop();
      pace.renew();
    }
  };
  const packOne = (entry: SnapshotEntry): void => {
    try {
      packEntry(writer, entry);
    } catch (error) {
      skipped.push({ key: entry.key, error });
      packWord(writer, 'skipped', entry);
    }
  };
  let single: readonly SnapshotEntry[] = page.entries;
  if (blocks !== undefined && single.length >= blockSize.least) {
    const alone: SnapshotEntry[] = [];
    for (let at = 0; at < page.entries.length; ) {
      const some = page.entries.slice(at, at + (blocks.appetite || page.entries.length));
      at += some.length;
      try {
        if (blocks.appetite === 0) alone.push(...some);
        else blocks.add(some);
      } catch {
        alone.push(...some);
      }
      if (!pace.spent()) continue;
      await yieldToLoop();
      pace.renew();
    }
    single = alone;
  }
  await packAll(single, packOne);
  await packAll(page.tombstones, (tombstone) => packTombstone(writer, tombstone));
  await packAll(page.gone, (word) => packWord(writer, 'gone', word));
  await packAll(page.lifted, (word) => packWord(writer, 'lifted', word));
  return { blocks: blocks?.take() ?? [], chunks: writer.take(), skipped };
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
  const pace = slice(budget);
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
