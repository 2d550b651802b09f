import { fromCallback } from 'xstate';
import { serveThread, transferring } from '../../threads/index.js';
import type { OutboxOrder } from '../store.js';
import type { Block } from './block.js';
import { loadDriver } from './driver.js';
import type { Chunk } from './frame.js';
import type { ReadPlace } from './reader.js';
import { type FileRequest, type PageHead, SnapshotFile } from './snapshot-file.js';

let file: SnapshotFile | undefined;

const opened = (): SnapshotFile => {
  if (file === undefined) throw new Error('The first call must be "open".');
  return file;
};

/** The methods of the snapshot's thread. */
const api = {
  async open(request: FileRequest) {
    file ??= new SnapshotFile(await loadDriver());
    return file.open(request);
  },
  append: (blocks: readonly Block[], chunks: readonly Chunk[], head: PageHead) =>
    opened().append(blocks, chunks, head),
  journal: (chunks: readonly Chunk[]) => opened().journal(chunks),
  enqueue: (orders: readonly OutboxOrder[]) => opened().enqueue(orders),
  waiting: (after: number, most: number) => opened().waiting(after, most),
  acknowledge: (ids: readonly number[]) => opened().acknowledge(ids),
  purge: () => opened().purge(),
  read(place: ReadPlace | undefined, most: number) {
    const page = opened().read(place, most);
    return transferring(
      page,
      [...page.blocks, ...page.chunks].map(({ buffer }) => buffer),
    );
  },
  compact: (first: boolean) => opened().compact(first),
  discard: (because: string) => opened().discard(because),
  lastAside: () => opened().lastAside(),
  close: () => file?.close(),
};

export type SnapshotThread = typeof api;

/** The actor of the snapshot's thread. */
export default fromCallback(() => {
  serveThread(api);
  return () => file?.close();
});
