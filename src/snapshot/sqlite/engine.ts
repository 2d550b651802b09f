import { openActor } from '../../threads/index.js';
import type { OutboxEntry, OutboxOrder } from '../store.js';
import type { Block } from './block.js';
import { loadDriver } from './driver.js';
import type { Chunk } from './frame.js';
import type { Aside } from './place.js';
import type { ReadPage, ReadPlace } from './reader.js';
import { type FileOpening, type FileRequest, type PageHead, SnapshotFile } from './snapshot-file.js';
import type { SnapshotThread } from './worker.js';

/** The file as its store sees it, wherever it lives: one call at a time is carried out, in the order of the calls. */
export interface Engine {
  open(request: FileRequest): Promise<FileOpening>;
  /** Blocks and chunks are handed over: they cannot be used afterwards. */
  append(blocks: readonly Block[], chunks: readonly Chunk[], head: PageHead): Promise<boolean>;
  journal(chunks: readonly Chunk[]): Promise<void>;
  enqueue(orders: readonly OutboxOrder[]): Promise<readonly number[]>;
  waiting(after: number, most: number): Promise<readonly OutboxEntry[]>;
  acknowledge(ids: readonly number[]): Promise<void>;
  purge(): Promise<boolean>;
  read(place: ReadPlace | undefined, most: number): Promise<ReadPage>;
  compact(first: boolean): Promise<boolean>;
  discard(because: string): Promise<Aside>;
  lastAside(): Promise<Aside | undefined>;
  close(): Promise<void>;
  /** Ends what the engine runs in. What was not closed is as after a crash. Never rejects. */
  terminate(): Promise<void>;
}

const buffers = (chunks: readonly Chunk[]): ArrayBuffer[] => chunks.map(({ buffer }) => buffer);

/** An engine in a thread of its own. Its actor is the store's: what it dies of is what the calls reject with. */
export function threadEngine(): Engine {
  const thread = openActor<SnapshotThread>({
    id: 'holdfast snapshot',
    module: new URL('./worker.js', import.meta.url),
  });
  return {
    open: (request) => thread.call('open', [request]),
    append: (blocks, chunks, head) =>
      thread.call('append', [blocks, chunks, head], { transfer: buffers([...blocks, ...chunks]) }),
    journal: (chunks) => thread.call('journal', [chunks], { transfer: buffers(chunks) }),
    enqueue: (orders) => thread.call('enqueue', [orders]),
    waiting: (after, most) => thread.call('waiting', [after, most]),
    acknowledge: (ids) => thread.call('acknowledge', [ids]),
    purge: () => thread.call('purge', []),
    read: (place, most) => thread.call('read', [place, most]),
    compact: (first) => thread.call('compact', [first]),
    discard: (because) => thread.call('discard', [because]),
    lastAside: () => thread.call('lastAside', []),
    close: () => thread.call('close', []),
    terminate: () => thread.terminate(),
  };
}

/** The same in the calling thread, which then waits for the disk: for tests in virtual time. */
export function localEngine(): Engine {
  let file: SnapshotFile | undefined;
  const opened = (): SnapshotFile => {
    if (file === undefined) throw new Error('The first call must be "open".');
    return file;
  };
  return {
    async open(request) {
      file ??= new SnapshotFile(await loadDriver());
      return file.open(request);
    },
    append: async (blocks, chunks, head) => opened().append(blocks, chunks, head),
    journal: async (chunks) => opened().journal(chunks),
    enqueue: async (orders) => opened().enqueue(orders),
    waiting: async (after, most) => opened().waiting(after, most),
    acknowledge: async (ids) => opened().acknowledge(ids),
    purge: async () => opened().purge(),
    read: async (place, most) => opened().read(place, most),
    compact: async (first) => opened().compact(first),
    discard: async (because) => opened().discard(because),
    lastAside: async () => opened().lastAside(),
    close: async () => file?.close(),
    terminate: async () => file?.close(),
  };
}
