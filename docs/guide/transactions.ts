// Several keys, one step. Run it: npx tsx docs/guide/transactions.ts
import { DeadlockError, defineCache, TransactionConflictError } from 'holdfast';

const stock = defineCache<number>({ name: 'stock', source: async () => undefined });
const baskets = defineCache<readonly string[]>({ name: 'baskets', source: async () => undefined });
stock.putMany([
  ['apple', 2],
  ['melon', 1],
]);

// #region buy
/** Takes what is wanted out of the stock and puts it into the basket: all of it, or nothing. */
async function buy(who: string, wanted: readonly string[], pay: () => Promise<void>): Promise<void> {
  await stock.transaction(wanted, async (tx) => {
    for (const fruit of wanted) {
      if ((tx.get(fruit) ?? 0) < 1) throw new Error(`no ${fruit} is left`);
      tx.decr(fruit);
    }
    // One transaction inside another, on another cache: a part of it.
    await baskets.transaction(who, (basket) => basket.put(who, [...(basket.get(who) ?? []), ...wanted]));
    await pay();
  });
}
// #endregion

const pay = async () => pause(5);
const refused = async () => {
  await pause(5);
  throw new Error('the card was refused');
};
const told = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => (error instanceof DeadlockError ? 'a deadlock, told at once' : error.message),
  );

const [ada, bob, eve] = await Promise.all([
  told(buy('ada', ['apple', 'melon'], pay)),
  told(buy('bob', ['melon', 'apple'], pay)),
  told(buy('eve', ['apple'], refused)),
]);
console.log(`ada: ${ada}\nbob: ${bob}\neve: ${eve}`);
console.log('left:', Object.fromEntries(stock.getMany(['apple', 'melon'])));
console.log('baskets:', Object.fromEntries(baskets.getMany(['ada', 'bob', 'eve'])));

// #region conflict
const raise = (retries: number) =>
  stock.transaction(
    'apple',
    async (tx) => {
      const before = tx.get('apple') ?? 0;
      await pause(5);
      tx.put('apple', before + 10);
    },
    { retries },
  );

const raised = raise(0).catch((error: unknown) => error);
stock.put('apple', 5); // a delivery: plain operations wait for nobody
console.log('a conflict:', (await raised) instanceof TransactionConflictError, stock.get('apple'));

const again = raise(1);
stock.put('apple', 6);
await again;
console.log('with a retry:', stock.get('apple'));
// #endregion

const nested = (first: string, second: string) =>
  stock.transaction(first, async () => {
    await pause(5);
    await stock.transaction(second, () => {});
  });
const ends = await Promise.all([told(nested('apple', 'melon')), told(nested('melon', 'apple'))]);
console.log('nested the wrong way round:', ends.sort().join('; '));

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
