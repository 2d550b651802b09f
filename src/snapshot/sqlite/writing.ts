import { type Block, BlockReader } from './block.js';
import type { Connection } from './connection.js';
import { type Chunk, type Frame, operation, readFrames } from './frame.js';
import type { State } from './meta.js';
import { sealBlock, sealRow } from './row.js';

type Open = Pick<Connection, 'statements' | 'seal'>;

/** Writes the blocks of a page. Answers the highest `seq`. */
export function writeBlocks({ statements, seal }: Open, state: State, blocks: readonly Block[]): number {
  let highest = -1;
  for (const block of blocks) {
    const { seqs } = new BlockReader(block);
    for (const seq of seqs) highest = Math.max(highest, seq);
    const id = (statements.lastBlock.get() ?? 0) + 1;
    const { crc, body } = sealBlock(seal, block, id, state.generation);
    statements.addBlock.run(id, state.generation, seqs.length, crc, body);
  }
  return highest;
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
 * Drops a key's record. Over blocks, which may have an older entry of the key, its place is kept by a record that says that there is
 * nothing.
 */
function carryOut({ statements, seal }: Open, state: State, word: Frame, overBlocks: boolean): void {
  const column = seal.key(word.key);
  const held = statements.standing.get(column);
  const isLifted = word.operation === operation.lifted;
  if (held === undefined ? isLifted || !overBlocks : !reaches(word, held)) return;
  if (!overBlocks) statements.drop.run(column);
  else {
    // What is lifted stood against what is older than itself, and against nothing else.
    const seq = isLifted && held !== undefined ? held[0] : word.seq;
    const nothing = { operation: operation.gone, seq, key: word.key, body: word.body };
    statements.put.run(sealRow(seal, nothing, state.generation, state));
  }
}

/** Whether the word is about what is held. */
function reaches(
  { operation: what, seq: upTo }: Frame,
  [seq, rank]: readonly [seq: number, rank: number],
): boolean {
  const isTombstone = rank === operation.invalidated || rank === operation.revoked;
  if (what === operation.lifted) return isTombstone && seq <= upTo;
  return seq < upTo || (seq === upTo && !isTombstone);
}
