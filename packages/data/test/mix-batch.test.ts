import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataError, mixBatch, type MixOptions } from '@umt/data';
import { cutBox, mixedTargets } from '../src/mix-batch.ts';

const FRAMES = 2;
const HEIGHT = 6;
const WIDTH = 8;
const CLIP = FRAMES * HEIGHT * WIDTH * 3;

/** Clip i holds i + 1 everywhere, so that a mixed pixel tells what it is made of. */
function batchOf(labels: readonly (number | undefined)[]) {
  return {
    video: Float32Array.from({ length: labels.length * CLIP }, (_, i) => Math.floor(i / CLIP) + 1),
    shape: [labels.length, FRAMES, HEIGHT, WIDTH, 3] as const,
    labels,
    paths: labels.map((_, i) => `${i}.mp4`),
  };
}

const mix = (changes: Partial<MixOptions> = {}, labels: readonly (number | undefined)[] = [0, 2]) =>
  mixBatch(batchOf(labels), { classes: 4, seed: 1, step: 0, ...changes });

test('soft targets have the published values: labels 0 and 2 of 4, lambda 0.7, smoothing 0.1', () => {
  const targets = mixedTargets({ labels: [0, 2], paths: [] }, 0.7, { classes: 4, smoothing: 0.1 });
  const expected = [0.655, 0.025, 0.295, 0.025, 0.295, 0.025, 0.655, 0.025];
  for (const [i, value] of expected.entries()) expect(targets[i]).toBeCloseTo(value, 7);
});

test('mixup weighs every pixel of a clip and of its partner from the other end by one lambda', () => {
  const { video, lambda, method } = mix({ cutmix: 0 }, [0, 1, 2, 3]);
  expect(method).toBe('mixup');
  for (let i = 0; i < 4; i++) {
    const value = lambda * (i + 1) + (1 - lambda) * (4 - i);
    for (const pixel of video.subarray(i * CLIP, (i + 1) * CLIP)) expect(pixel).toBeCloseTo(value, 5);
  }
});

test('cutmix puts one box of the partner into all frames, and lambda is what is left outside', () => {
  const areas = new Set<number>();
  for (let step = 0; step < 50; step++) {
    const { video, lambda, method, targets } = mix({ mixup: 0, smoothing: 0, step });
    expect(method).toBe('cutmix');
    const first = video.subarray(0, CLIP);
    const pasted = [...first].map((value) => value === 2);
    expect(pasted.filter(Boolean)).toHaveLength(Math.round((1 - lambda) * CLIP));
    expect([...video.subarray(CLIP)].map((value) => value === 1)).toEqual(pasted);
    const frame = CLIP / FRAMES;
    expect(pasted.slice(0, frame)).toEqual(pasted.slice(frame));
    expect(targets[0]).toBeCloseTo(lambda, 6);
    areas.add(lambda);
  }
  expect(areas.size).toBeGreaterThan(10);
});

test('the box follows its rule: truncated sides, floored halves, clipped to the frame', () => {
  // sqrt(1 - 0.5) of 224 is 158.39, its half 79.
  expect(cutBox(224, 224, 0.5, 100, 110)).toEqual([21, 31, 179, 189]);
  expect(cutBox(224, 224, 0.5, 0, 223)).toEqual([0, 144, 79, 224]);
  expect(cutBox(224, 224, 1, 50, 50)).toEqual([50, 50, 50, 50]);
});

test('boxes lie inside the frame', () => {
  const side = fc.integer({ min: 1, max: 400 });
  fc.assert(
    fc.property(side, side, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), fc.nat(), (w, h, lambda, x, y) => {
      const [x0, y0, x1, y1] = cutBox(w, h, lambda, x % w, y % h);
      expect(0 <= x0 && x0 <= x1 && x1 <= w && 0 <= y0 && y0 <= y1 && y1 <= h).toBe(true);
    }),
  );
});

test('every row of targets sums to 1 and has its most at one of the two labels', () => {
  const label = fc.nat({ max: 6 });
  const pairs = fc.array(fc.tuple(label, label), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(pairs, fc.nat(), fc.double({ min: 0, max: 0.5, noNaN: true }), (list, step, smoothing) => {
      const labels = list.flat();
      const { targets } = mix({ classes: 7, step, smoothing }, labels);
      for (const [i, own] of labels.entries()) {
        const row = targets.subarray(i * 7, i * 7 + 7);
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        const most = row.indexOf(Math.max(...row));
        expect([own, labels[labels.length - 1 - i]]).toContain(most);
      }
    }),
  );
});

test('the batch stays as it is, and the same seed and step mix the same', () => {
  const batch = batchOf([0, 1]);
  const before = batch.video.slice();
  const options = { classes: 4, seed: 1, step: 3 };
  const first = mixBatch(batch, options);
  expect(batch.video).toEqual(before);
  expect(mixBatch(batch, options)).toEqual(first);
  expect(mixBatch(batch, { ...options, step: 4 }).lambda).not.toBe(first.lambda);
  expect(mixBatch(batch, { ...options, seed: 2 }).lambda).not.toBe(first.lambda);
});

test('batches are mixed and switched as often as asked, lambda spread as its beta says', () => {
  const made = Array.from({ length: 2000 }, (_, step) => mix({ probability: 0.8, switchProbability: 0.25, step }));
  const share = (method: string) => made.filter((one) => one.method === method).length / made.length;
  // Three standard errors of a share of 2000 are at most 0.034.
  expect(Math.abs(share('none') - 0.2)).toBeLessThan(0.034);
  expect(Math.abs(share('cutmix') - 0.2)).toBeLessThan(0.034);
  const lambdas = made.filter(({ method }) => method === 'mixup').map(({ lambda }) => lambda);
  const mean = lambdas.reduce((a, b) => a + b) / lambdas.length;
  const variance = lambdas.reduce((sum, x) => sum + (x - mean) ** 2, 0) / lambdas.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1 / (4 * (2 * 0.8 + 1)))).toBeLessThan(0.008); // of Beta(0.8, 0.8)
  const { video, targets } = mix({ probability: 0 });
  expect(video).toEqual(batchOf([0, 2]).video);
  expect([...targets.subarray(0, 4)].map((value) => value.toFixed(3))).toEqual(['0.925', '0.025', '0.025', '0.025']);
});

test.each([
  [{}, [0, 1, 2], 'a batch of 3 cannot be mixed in pairs'],
  [{}, [0, undefined], '1.mp4: it has no single label: it cannot be mixed'],
  [{}, [0, 4], '1.mp4: it has label 4, but there are 4 classes'],
  [{ mixup: 0, cutmix: 0 }, [0, 1], 'mixup and cutmix are both 0'],
  [{ mixup: -1 }, [0, 1], 'mixup must be 0 or more, got -1'],
  [{ smoothing: 2 }, [0, 1], 'smoothing must be from 0 to 1, got 2'],
] as const)('refuses %j with labels %j', (changes, labels, message) => {
  expect(() => mix(changes, labels)).toThrow(message);
  expect(() => mix(changes, labels)).toThrow(DataError);
});
