import { slice, yieldToLoop } from '../../runtime/time.js';
import type {
  SnapshotAppend,
  SnapshotAppended,
  SnapshotEntry,
  SnapshotPage,
  SnapshotTombstone,
} from '../store.js';
import { type Chunk, FrameWriter, operation, readFrames } from './frame.js';
import { packEntry, packTombstone, packWord, unpackEntry, unpackTombstone } from './record.js';

/** Own work in one stretch, ms. A single huge value may take longer. */
const budget = 3;

export interface PackedPage extends SnapshotAppended {
  readonly chunks: readonly Chunk[];
}

/**
 * Packs a page, in short stretches. What speaks of keys comes behind what records them, so that the order within a page
 * does not matter.
 */
export async function packPage(page: SnapshotAppend): Promise<PackedPage> {
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
  await packAll(page.entries, (entry) => {
    try {
      packEntry(writer, entry);
    } catch (error) {
      skipped.push({ key: entry.key, error });
      packWord(writer, 'skipped', entry);
    }
  });
  await packAll(page.tombstones, (tombstone) => packTombstone(writer, tombstone));
  await packAll(page.gone, (word) => packWord(writer, 'gone', word));
  await packAll(page.lifted, (word) => packWord(writer, 'lifted', word));
  return { chunks: writer.take(), skipped };
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
export async function unpackPage(chunks: readonly Chunk[]): Promise<SnapshotPage> {
  const entries: SnapshotEntry[] = [];
  const tombstones: SnapshotTombstone[] = [];
  const pace = slice(budget);
  for (const frame of readFrames(chunks)) {
    if (frame.operation === operation.entry) entries.push(unpackEntry(frame));
    else tombstones.push(unpackTombstone(frame));
    if (!pace.spent()) continue;
    await yieldToLoop();
    pace.renew();
  }
  return { entries, tombstones };
}
