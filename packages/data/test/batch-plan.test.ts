import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchPlan, DataError, epochOrder } from '@umt/data';

const setting = fc
  .record({
    length: fc.integer({ min: 1, max: 300 }),
    batchSize: fc.integer({ min: 1, max: 8 }),
    worldSize: fc.integer({ min: 1, max: 5 }),
    seed: fc.maxSafeInteger().map(Math.abs),
    epoch: fc.nat({ max: 1000 }),
  })
  .filter(({ length, batchSize, worldSize }) => length >= batchSize * worldSize);

test('in an epoch each sample comes once over all ranks, up to those that do not fill a batch', () => {
  fc.assert(
    fc.property(setting, ({ epoch, ...options }) => {
      const seen: number[] = [];
      for (let rank = 0; rank < options.worldSize; rank++) {
        const plan = new BatchPlan({ ...options, rank });
        for (let step = 0; step < plan.batchesPerEpoch; step++) seen.push(...plan.indices(epoch, step));
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.every((index) => index >= 0 && index < options.length)).toBe(true);
      const global = options.batchSize * options.worldSize;
      expect(seen).toHaveLength(options.length - (options.length % global));
    }),
  );
});

test('ranks that share a batch see together what one rank alone would see', () => {
  fc.assert(
    fc.property(setting, ({ epoch, batchSize, worldSize, ...options }) => {
      const alone = new BatchPlan({ ...options, batchSize: batchSize * worldSize });
      const together = Array.from(
        { length: worldSize },
        (_, rank) => new BatchPlan({ ...options, batchSize, worldSize, rank }),
      );
      for (let step = 0; step < alone.batchesPerEpoch; step++) {
        expect(together.flatMap((plan) => [...plan.indices(epoch, step)])).toEqual([...alone.indices(epoch, step)]);
      }
    }),
  );
});

test('an order depends on seed and epoch alone', () => {
  expect(epochOrder(1, 0, 50)).toEqual(epochOrder(1, 0, 50));
  expect(epochOrder(1, 1, 50)).not.toEqual(epochOrder(1, 0, 50));
  expect(epochOrder(2, 0, 50)).not.toEqual(epochOrder(1, 0, 50));
  const plan = new BatchPlan({ length: 50, seed: 1, batchSize: 8 });
  const straight = [0, 1, 2].map((epoch) => plan.indices(epoch, 3));
  expect([2, 0, 1].map((epoch) => new BatchPlan({ length: 50, seed: 1, batchSize: 8 }).indices(epoch, 3))).toEqual([
    straight[2],
    straight[0],
    straight[1],
  ]);
});

test('without shuffling the data set keeps its order', () => {
  const plan = new BatchPlan({ length: 7, seed: 1, batchSize: 2, shuffle: false });
  expect([0, 1, 2].flatMap((step) => [...plan.indices(9, step)])).toEqual([0, 1, 2, 3, 4, 5]);
});

test('997 samples on 8 ranks in batches of 5 are 24 steps, as the reference counts', () => {
  expect(new BatchPlan({ length: 997, seed: 0, batchSize: 5, worldSize: 8 }).batchesPerEpoch).toBe(24);
});

test('says which option is wrong', () => {
  const plan = (options: object) => () => new BatchPlan({ length: 10, seed: 1, batchSize: 2, ...options });
  expect(plan({ batchSize: 0 })).toThrow('batchSize must be a whole number at least 1, got 0');
  expect(plan({ worldSize: 2, rank: 2 })).toThrow('rank must be a whole number from 0 to 1, got 2');
  expect(plan({ batchSize: 4, worldSize: 3 })).toThrow(
    '10 samples do not fill one batch of 4 on 3 ranks: lower batchSize',
  );
  expect(() => new BatchPlan({ length: 10, seed: 1, batchSize: 2 }).indices(0, 5)).toThrow(DataError);
});
