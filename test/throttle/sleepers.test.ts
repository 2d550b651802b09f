import { world } from 'holdfast/testing';
import { expect, it } from 'vitest';
import { Sleepers } from '../../actors/throttle/sleepers.js';

it('so many for each, so many in all, and no more; who leaves makes room', () =>
  world({}, async (w) => {
    const sleepers = new Sleepers({ most: 4, mostEach: 2 });
    const giving = new AbortController();
    const woken: string[] = [];
    const sleep = (client: number, wait: number, signal?: AbortSignal) => {
      const slept = sleepers.sleep(client, wait, signal);
      slept?.then(
        (how) => woken.push(`${client} ${how} ${w.now}`),
        () => woken.push(`${client} gave up ${w.now}`),
      );
      return slept !== undefined;
    };
    expect([sleep(1, 100), sleep(1, 200, giving.signal), sleep(1, 50)]).toEqual([true, true, false]);
    expect([sleep(2, 300), sleep(3, 300), sleep(4, 300)]).toEqual([true, true, false]);
    giving.abort();
    await w.settle();
    expect([sleepers.size, sleep(4, 400), sleep(1, 1)]).toEqual([3, true, false]);
    await w.advance(100);
    expect([sleepers.size, sleep(1, 500), sleep(1, 500)]).toEqual([3, true, false]);
    await w.advance(200);
    sleepers.end();
    await w.settle();
    expect(woken).toEqual([
      '1 gave up 0',
      '1 woken 100',
      '2 woken 300',
      '3 woken 300',
      '4 ended 300',
      '1 ended 300',
    ]);
    expect([sleepers.size, w.pending]).toEqual([0, []]);
    expect([sleep(1, 1), sleep(1, 1), sleep(1, 1)]).toEqual([true, true, false]);
    await w.advance(1);
  }));
