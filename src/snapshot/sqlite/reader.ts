import type { Connection } from './connection.js';
import { Damage } from './failure.js';
import { type Chunk, FrameWriter, operation } from './frame.js';
import { unsealRow } from './row.js';
import type { Row } from './schema.js';

/** Where a restore is: it reads the file twice, for the tombstones, then for the entries. */
export interface ReadPlace {
  readonly scan: 'tombstones' | 'entries';
  readonly after: number;
  /** The end of the stretch that is being read. */
  readonly until: number;
  /** The last record that was there when the restore began. */
  readonly upTo: number;
}

export interface ReadPage {
  readonly chunks: readonly Chunk[];
  readonly next: ReadPlace | undefined;
}

/** Rows that one call looks at, so that a journal never waits long, however few of them it gives. */
const stretch = 20_000;
const mostBytes = 4_000_000;

/** Reads the records, page by page. */
export class Reader {
  /** Key columns and `seq`s of the tombstones that this restore has given. */
  readonly #buried = new Map<string, number>();

  /**
   * The records from `place` on, at most so many.
   * @throws Damage
   */
  read({ statements, state, seal }: Connection, place: ReadPlace | undefined, most: number): ReadPage {
    if (place === undefined) this.forget();
    const { scan, after, until, upTo } = place ?? {
      scan: 'tombstones',
      after: 0,
      until: 0,
      upTo: statements.last.get() ?? 0,
    };
    const end = after < until ? until : (statements.stretch.get({ after, upTo, rows: stretch }) ?? upTo);
    const writer = new FrameWriter();
    const given = (next: ReadPlace | undefined): ReadPage => ({ chunks: writer.take(), next });
    let count = 0;
    for (const row of statements[scan].iterate({ after, upTo: end, floor: state.floor, asOf: state.asOf })) {
      const frame = unsealRow(seal, row);
      this.#watch(row);
      writer.add(frame.operation, frame.seq, frame.key, frame.body);
      count += 1;
      if (count >= most || writer.bytes >= mostBytes) return given({ scan, after: row[0], until: end, upTo });
    }
    if (end < upTo) return given({ scan, after: end, until: end, upTo });
    if (scan === 'tombstones') return given({ scan: 'entries', after: 0, until: 0, upTo });
    this.forget();
    return given(undefined);
  }

  forget(): void {
    this.#buried.clear();
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
