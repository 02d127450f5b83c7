import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchPlan, windowedOrder } from '@umt/data';

const shards = fc.record({
  seed: fc.maxSafeInteger().map(Math.abs),
  epoch: fc.nat({ max: 1000 }),
  counts: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 30 }).filter((counts) => counts.some(Boolean)),
  window: fc.integer({ min: 1, max: 9 }),
});

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

function shardOf(counts: readonly number[], index: number): number {
  let left = index;
  return counts.findIndex((count) => (left -= count) < 0);
}

test('each sample comes once in an epoch', () => {
  fc.assert(
    fc.property(shards, (options) => {
      const order = windowedOrder(options);
      expect(order.length).toBe(total(options.counts));
      expect([...order.slice(0, order.length)].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: order.length }, (_, i) => i),
      );
    }),
  );
});

test('any part is found alone, so that a run resumes in the middle of an epoch', () => {
  fc.assert(
    fc.property(shards, fc.nat(), fc.nat(), (options, a, b) => {
      const { length } = windowedOrder(options);
      const [begin = 0, end = 0] = [a % (length + 1), b % (length + 1)].toSorted((x, y) => x - y);
      const whole = windowedOrder(options).slice(0, length);
      expect(windowedOrder(options).slice(begin, end)).toEqual(whole.slice(begin, end));
    }),
  );
});

test('a stretch of the order touches the shards of its windows only, and no shard is in two windows', () => {
  fc.assert(
    fc.property(shards, ({ window, ...options }) => {
      const counts = options.counts.filter((count) => count > 0);
      const order = windowedOrder({ ...options, counts, window });
      const visited = Array.from(order.slice(0, order.length), (index) => shardOf(counts, index));
      const open = new Set<number>();
      const closed = new Set<number>();
      const left = [...counts];
      for (const shard of visited) {
        expect(closed.has(shard)).toBe(false);
        open.add(shard);
        expect(open.size).toBeLessThanOrEqual(window);
        left[shard] = (left[shard] ?? 0) - 1;
        // A window is over when all its samples came.
        if ([...open].every((one) => left[one] === 0)) {
          const windowIsFull = open.size === window || closed.size + open.size === counts.length;
          if (windowIsFull) {
            for (const one of open) closed.add(one);
            open.clear();
          }
        }
      }
    }),
  );
});

test('ranks that share a batch see together what one rank alone would see', () => {
  fc.assert(
    fc.property(shards, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), (shape, worldSize, batch) => {
      const length = total(shape.counts);
      fc.pre(length >= worldSize * batch);
      const { seed, epoch, counts, window } = shape;
      const order = (step: number) => windowedOrder({ seed, epoch: step, counts, window });
      const alone = new BatchPlan({ length, seed, order, batchSize: batch * worldSize });
      const ranks = Array.from(
        { length: worldSize },
        (_, rank) => new BatchPlan({ length, seed, order, batchSize: batch, worldSize, rank }),
      );
      const seen: number[] = [];
      for (let step = 0; step < alone.batchesPerEpoch; step++) {
        const together = ranks.flatMap((plan) => [...plan.indices(epoch, step)]);
        expect(together).toEqual([...alone.indices(epoch, step)]);
        seen.push(...together);
      }
      expect(new Set(seen).size).toBe(length - (length % (batch * worldSize)));
    }),
  );
});

test('over many epochs every sample is as likely in every part of the order', () => {
  const counts = [10, 30, 20, 25, 15];
  const EPOCHS = 4000;
  const PARTS = 10;
  const hits = Array.from({ length: 100 }, () => new Array<number>(PARTS).fill(0));
  const pairs = { together: 0 };
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const order = windowedOrder({ seed: 7, epoch, counts, window: 2 }).slice(0, 100);
    for (const [position, index] of order.entries()) {
      const row = hits[index];
      const part = Math.floor((position * PARTS) / 100);
      if (row) row[part] = (row[part] ?? 0) + 1;
    }
    if (order[0] === 0) pairs.together++;
  }
  // Shards of unequal size make the parts a little unequal for single samples (windows are not of one size), but the mean
  // position of each is the middle, and the first place goes to each sample alike.
  for (const row of hits) {
    const mean = row.reduce((sum, count, part) => sum + count * (part + 0.5), 0) / EPOCHS / PARTS;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
  }
  expect(pairs.together / EPOCHS).toBeLessThan(0.02);
});

test('with shards of one size positions are uniform (chi squared)', () => {
  const EPOCHS = 3000;
  const hits = new Array<number>(24).fill(0);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const position = windowedOrder({ seed: 3, epoch, counts: new Array<number>(6).fill(4), window: 2 })
      .slice(0, 24)
      .indexOf(5);
    hits[position] = (hits[position] ?? 0) + 1;
  }
  const expected = EPOCHS / 24;
  const statistic = hits.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 99.99 % of chi squared with 23 degrees of freedom lie below 57.
  expect(statistic).toBeLessThan(57);
});

test('seeds and epochs give other orders, the same ones the same', () => {
  const order = (seed: number, epoch: number) =>
    [...windowedOrder({ seed, epoch, counts: [50, 50, 50], window: 2 }).slice(0, 150)].join();
  expect(order(1, 2)).toBe(order(1, 2));
  expect(new Set([order(1, 2), order(1, 3), order(2, 2)]).size).toBe(3);
});

test('ten million samples in ten thousand shards need the memory of two windows', () => {
  const counts = new Array<number>(10_000).fill(1000);
  const before = process.memoryUsage().arrayBuffers;
  const order = windowedOrder({ seed: 1, epoch: 0, counts });
  const seen = new Set(order.slice(9_990_000, 9_990_100));
  expect(seen.size).toBe(100);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
});

test('says what is wrong', () => {
  expect(() => windowedOrder({ seed: 1, epoch: 0, counts: [0, 0] })).toThrow('counts: the shards hold no sample');
  expect(() => windowedOrder({ seed: 1, epoch: 0, counts: [1, 2.5] })).toThrow('counts[1] must be a whole number');
  expect(() => windowedOrder({ seed: 1, epoch: 0, counts: [1], window: 0 })).toThrow('window must be a whole number');
});
