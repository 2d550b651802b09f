import { type Block, BlockReader } from './block.js';
import type { Connection } from './connection.js';
import { Damage } from './failure.js';
import { type Chunk, type Frame, FrameWriter, operation } from './frame.js';
import { Held } from './held.js';
import { unsealBlock, unsealRow } from './row.js';
import type { Row } from './schema.js';

/**
 * Where a restore is: it reads the tombstones, then the entries, then the blocks from the last to the first. Where there are
 * blocks, it first looks which keys have a record, and whether a block has a newer entry of one.
 */
export interface ReadPlace {
  readonly scan: 'keys' | 'heads' | 'tombstones' | 'entries' | 'blocks';
  readonly after: number;
  /** The end of the stretch that is being read. */
  readonly until: number;
  /** The last record that was there when the restore began. */
  readonly upTo: number;
  /** The last block that was there then; 0 for none. */
  readonly upToBlock: number;
}

export interface ReadPage {
  readonly chunks: readonly Chunk[];
  readonly blocks: readonly Block[];
  readonly next: ReadPlace | undefined;
}

/** Rows that one call looks at, so that a journal never waits long, however few of them it gives. */
const stretch = 20_000;
const mostBytes = 4_000_000;
/** Blocks of which one call reads the heads. */
const headsAtOnce = 20;
/** Blocks that one call gives, unless they are large. */
const blocksAtOnce = 8;

/** Reads the records, page by page. */
export class Reader {
  /** Key columns and `seq`s of the tombstones that this restore has given. */
  readonly #buried = new Map<string, number>();
  readonly #held = new Held();
  /** The generation of the oldest blocks. Of newer ones, the keys are remembered. */
  #oldest = 0;

  /**
   * What is held from `place` on, at most so many, or a few blocks.
   * @throws Damage
   */
  read(connection: Connection, place: ReadPlace | undefined, most: number): ReadPage {
    const at = place ?? this.#begin(connection);
    if (at.scan === 'heads') return this.#readHeads(connection, at);
    if (at.scan === 'blocks') return this.#readBlocks(connection, at);
    return this.#readRecords(connection, at, at.scan, most);
  }

  forget(): void {
    this.#buried.clear();
    this.#held.clear();
  }

  #begin({ statements, state }: Connection): ReadPlace {
    this.forget();
    this.#oldest = statements.oldestBlocks.get(state.floor) ?? 0;
    const upToBlock = statements.lastBlock.get() ?? 0;
    return {
      scan: upToBlock > 0 ? 'keys' : 'tombstones',
      after: 0,
      until: 0,
      upTo: statements.last.get() ?? 0,
      upToBlock,
    };
  }

  #readRecords(
    { statements, state, seal }: Connection,
    place: ReadPlace,
    scan: 'keys' | 'tombstones' | 'entries',
    most: number,
  ): ReadPage {
    const { after, until, upTo } = place;
    const end = after < until ? until : (statements.stretch.get({ after, upTo, rows: stretch }) ?? upTo);
    const writer = new FrameWriter();
    const given = (next: ReadPlace | undefined): ReadPage => ({ chunks: writer.take(), blocks: [], next });
    let count = 0;
    for (const row of statements[scan].iterate({ after, upTo: end, floor: state.floor, asOf: state.asOf })) {
      const frame = unsealRow(seal, row);
      if (scan === 'keys') this.#held.set(frame.key, frame.seq);
      else if (frame.operation !== operation.gone && !this.#held.isOutdated(frame.key)) {
        this.#give(writer, frame, row);
      }
      count += 1;
      if ((scan !== 'keys' && count >= most) || writer.bytes >= mostBytes)
        return given({ ...place, after: row[0], until: end });
    }
    if (end < upTo) return given({ ...place, after: end, until: end });
    return given(this.#following(place));
  }

  #following(place: ReadPlace): ReadPlace | undefined {
    const next = (scan: ReadPlace['scan'], after = 0): ReadPlace => ({ ...place, scan, after, until: 0 });
    switch (place.scan) {
      case 'keys':
        return this.#held.isEmpty ? next('blocks', place.upToBlock + 1) : next('heads');
      case 'heads':
        return next('tombstones');
      case 'tombstones':
        return next('entries');
      case 'entries':
        if (place.upToBlock > 0) return next('blocks', place.upToBlock + 1);
    }
    this.forget();
    return undefined;
  }

  #give(writer: FrameWriter, { operation: what, seq, key, body }: Frame, row: Row): void {
    this.#watch(row);
    writer.add(what, seq, key, body);
  }

  #readHeads({ statements, state, seal }: Connection, place: ReadPlace): ReadPage {
    let { after } = place;
    for (let left = headsAtOnce; left > 0; left -= 1) {
      const row = statements.blockAfter.get(state.floor, after, place.upToBlock);
      if (row === undefined) return { chunks: [], blocks: [], next: this.#following(place) };
      const reader = new BlockReader(unsealBlock(seal, row));
      for (let nth = 0; nth < reader.count; nth += 1)
        this.#held.meet(reader.key(nth), reader.seqs[nth] as number);
      [after] = row;
    }
    return { chunks: [], blocks: [], next: { ...place, after } };
  }

  #readBlocks({ statements, state, seal }: Connection, place: ReadPlace): ReadPage {
    const blocks: Block[] = [];
    let { after } = place;
    let bytes = 0;
    while (blocks.length < blocksAtOnce && bytes < mostBytes) {
      const row = statements.blockBefore.get(state.floor, after);
      if (row === undefined) return { chunks: [], blocks, next: this.#following(place) };
      const [id, generation] = row;
      const block = unsealBlock(seal, row);
      this.#hide(block, generation > this.#oldest);
      blocks.push(block);
      bytes += block.length;
      after = id;
    }
    return { chunks: [], blocks, next: { ...place, after } };
  }

  /** Voids what a record or a newer block is in force against. Of a block that is not one of the oldest, the keys are remembered. */
  #hide(block: Block, newer: boolean): void {
    if (!newer && this.#held.isEmpty) return;
    const reader = new BlockReader(block);
    for (let nth = 0; nth < reader.count; nth += 1) {
      const key = reader.key(nth);
      if (this.#held.hides(key, reader.seqs[nth] as number)) reader.void(nth);
      else if (newer) this.#held.set(key, Number.POSITIVE_INFINITY);
    }
  }

  /** @throws Damage when an entry appears that an index which no longer leads to its rows hid from its tombstone */
  #watch([, column, seq, rank]: Row): void {
    const name = column.toString('latin1');
    if (rank !== operation.entry) this.#buried.set(name, seq);
    else if ((this.#buried.get(name) ?? -1) > seq) {
      throw new Damage('it holds an entry and a newer tombstone of one key');
    }
  }
}
