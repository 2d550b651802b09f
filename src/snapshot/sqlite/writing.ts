import { isBelow, type Rank, rank as ranks } from '../precedence.js';
import { type Block, BlockReader } from './block.js';
import type { Connection } from './connection.js';
import { type Chunk, type Frame, FrameWriter, operation, readFrames } from './frame.js';
import type { State } from './meta.js';
import { packEntry } from './record.js';
import { sealBlock, sealRow } from './row.js';
import type { Standing } from './schema.js';

type Open = Pick<Connection, 'statements' | 'seal'>;

/**
 * Writes blocks of a full writing. An entry of whose key a record of this same writing is there, or a newer one, goes where that
 * is; an older one makes room for it. So what a block holds is newer than any record of its key from before, and a record that
 * comes later is newer than it. Answers the highest `seq`.
 */
export function writeBlocks(open: Open, state: State, blocks: readonly Block[], underWay: boolean): number {
  const { statements, seal } = open;
  let highest = -1;
  for (const block of blocks) {
    const reader = new BlockReader(block);
    for (const seq of reader.seqs) highest = Math.max(highest, seq);
    const others = underWay ? takenElsewhere(open, state, reader) : everyOne(reader);
    if (others.size < reader.count) {
      const id = (statements.lastBlock.get() ?? 0) + 1;
      const entries = others.size === 0 ? [] : reader.take(others);
      const { crc, body } = sealBlock(seal, block, id, state.generation);
      statements.addBlock.run(id, state.generation, reader.count - others.size, crc, body);
      writeEntries(open, state, entries);
    } else writeEntries(open, state, reader.take(others));
  }
  return highest;
}

const everyOne = ({ count }: BlockReader): ReadonlySet<number> => new Set(Array(count).keys());

/** Which entries of the block go to the records. Older records of the others are deleted. */
function takenElsewhere({ statements, seal }: Open, state: State, reader: BlockReader): ReadonlySet<number> {
  const others = new Set<number>();
  if (statements.any.get() === undefined) return others;
  for (let nth = 0; nth < reader.count; nth += 1) {
    const column = seal.key(reader.key(nth));
    const held = statements.standing.get(column);
    if (held === undefined) continue;
    const [seq, rank, generation] = held;
    const itsSeq = reader.seqs[nth] as number;
    const older = seq < itsSeq || (seq === itsSeq && rank === operation.entry);
    if (generation < state.generation && (older || isVoid(held, state))) statements.drop.run(column);
    else others.add(nth);
  }
  return others;
}

function writeEntries(open: Open, state: State, entries: ReturnType<BlockReader['take']>): void {
  const writer = new FrameWriter();
  for (const entry of entries) packEntry(writer, entry);
  writeFrames(open, state, writer.take());
}

/** Carries out what the frames ask for. Answers the highest `seq`. */
export function writeFrames(open: Open, state: State, chunks: readonly Chunk[]): number {
  const { statements, seal } = open;
  let highest = -1;
  const overBlocks = statements.lastBlock.get() !== null;
  for (const frame of readFrames(chunks)) {
    highest = Math.max(highest, frame.seq);
    if (isRecord(frame)) statements.put.run(sealRow(seal, frame, state.generation, state));
    else carryOut(open, state, frame, overBlocks);
  }
  return highest;
}

const isRecord = ({ operation: what }: Frame): boolean => what <= operation.revoked;

/**
 * Drops a key's record. A block may have an older entry of the key: then the place is kept by a record that says that there is
 * nothing.
 */
function carryOut({ statements, seal }: Open, state: State, word: Frame, overBlocks: boolean): void {
  const column = seal.key(word.key);
  const found = statements.standing.get(column);
  const held = found === undefined || isVoid(found, state) ? undefined : found;
  if (held === undefined ? word.operation === operation.lifted : !reaches(word, held)) return;
  if (!overBlocks) {
    if (held !== undefined) statements.drop.run(column);
    return;
  }
  // What was lifted hid what is older than itself, and nothing else.
  const seq = word.operation === operation.lifted && held !== undefined ? held[0] : word.seq;
  const nothing = { operation: operation.gone, seq, key: word.key, body: word.body };
  statements.put.run(sealRow(seal, nothing, state.generation, state));
}

/** Whether a full writing dropped it. A record that says that there is nothing goes as an entry does. */
const isVoid = ([seq, rank, generation]: Standing, { floor, asOf }: State): boolean =>
  isBelow(
    { generation: floor, asOf },
    { seq, rank: rank === operation.gone ? ranks.entry : (rank as Rank), generation },
  );

/** Whether the word is about what is held. */
function reaches({ operation: what, seq: upTo }: Frame, [seq, rank]: Standing): boolean {
  const isTombstone = rank === operation.invalidated || rank === operation.revoked;
  if (what === operation.lifted) return isTombstone && seq <= upTo;
  return seq < upTo || (seq === upTo && !isTombstone);
}
