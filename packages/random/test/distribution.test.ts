import fc from 'fast-check';
import { expect, test } from 'vitest';
import { random, type RandomStream } from '@umt/random';

/** Upper 0.1 % points of the chi-square distribution, from tables. */
const CHI_SQUARE_999 = { 5: 20.515, 23: 49.728, 99: 148.23, 255: 330.52 };
/** Upper 0.1 % point of sqrt(n) times the Kolmogorov-Smirnov distance. */
const KOLMOGOROV_999 = 1.9495;
const DRAWS = 100_000;

function chiSquare(counts: ArrayLike<number>): number {
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const expected = total / counts.length;
  return Array.from(counts).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function histogram(bins: number, draws: number, draw: (i: number) => number): Uint32Array {
  const counts = new Uint32Array(bins);
  for (let i = 0; i < draws; i++) {
    const bin = draw(i);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

function kolmogorovDistance(values: Float64Array, cdf: (x: number) => number): number {
  values.sort();
  let distance = 0;
  for (const [i, x] of values.entries()) {
    const p = cdf(x);
    distance = Math.max(distance, p - i / values.length, (i + 1) / values.length - p);
  }
  return distance * Math.sqrt(values.length);
}

/** Normal distribution function by Simpson's rule on the density: nothing shared with the package. */
function normalCdf(x: number): number {
  const steps = 200;
  const h = x / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) sum += Math.exp(-0.5 * (i * h) ** 2) * (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2);
  return 0.5 + (sum * h) / 3 / Math.sqrt(2 * Math.PI);
}

const draws = (draw: (stream: RandomStream) => number) => {
  const stream = random({ seed: 11, stream: 'distribution' });
  return Float64Array.from({ length: DRAWS }, () => draw(stream));
};

test('uniform numbers fill 100 bins evenly, drawn one by one and in bulk', () => {
  const stream = random({ seed: 5, stream: 'bins' });
  expect(chiSquare(histogram(100, DRAWS, () => Math.floor(100 * stream.uniform())))).toBeLessThan(CHI_SQUARE_999[99]);
  const bulk = stream.fillUniform(new Float32Array(DRAWS));
  expect(chiSquare(histogram(100, DRAWS, (i) => Math.floor(100 * (bulk[i] ?? 0))))).toBeLessThan(CHI_SQUARE_999[99]);
});

test('the first words of neighbouring indices, steps, seeds and streams are independent', () => {
  const first = [
    (i: number) => random({ seed: 1, stream: 's', index: i }),
    (i: number) => random({ seed: 1, stream: 's', step: i }),
    (i: number) => random({ seed: i, stream: 's' }),
    (i: number) => random({ seed: 1, stream: i }),
  ];
  for (const stream of first) {
    // The top four bits of neighbours, taken in pairs, fill 256 cells.
    const pair = (i: number) => ((stream(2 * i).uint32() >>> 28) << 4) | (stream(2 * i + 1).uint32() >>> 28);
    expect(chiSquare(histogram(256, 20_000, pair))).toBeLessThan(CHI_SQUARE_999[255]);
  }
});

test('normal and exponential numbers follow their distributions', () => {
  expect(
    kolmogorovDistance(
      draws((s) => s.normal()),
      normalCdf,
    ),
  ).toBeLessThan(KOLMOGOROV_999);
  expect(
    kolmogorovDistance(
      draws((s) => s.exponential()),
      (x) => 1 - Math.exp(-x),
    ),
  ).toBeLessThan(KOLMOGOROV_999);
  const stream = random({ seed: 12, stream: 'bulk' });
  const normal = Float64Array.from(stream.fillNormal(new Float32Array(DRAWS)));
  expect(kolmogorovDistance(normal, normalCdf)).toBeLessThan(KOLMOGOROV_999);
  const exponential = Float64Array.from(stream.fillExponential(new Float32Array(DRAWS)));
  expect(kolmogorovDistance(exponential, (x) => 1 - Math.exp(-x))).toBeLessThan(KOLMOGOROV_999);
});

test('gamma numbers follow the distributions of sums of exponentials and of squared normals', () => {
  const distance = (shape: number, cdf: (x: number) => number) =>
    kolmogorovDistance(
      draws((s) => s.gamma(shape)),
      cdf,
    );
  expect(distance(1, (x) => 1 - Math.exp(-x))).toBeLessThan(KOLMOGOROV_999);
  expect(distance(3, (x) => 1 - Math.exp(-x) * (1 + x + (x * x) / 2))).toBeLessThan(KOLMOGOROV_999);
  expect(distance(0.5, (x) => 2 * normalCdf(Math.sqrt(2 * x)) - 1)).toBeLessThan(KOLMOGOROV_999);
  // Half a chi-square of three: one normal more than the 0.5 above.
  const half = (x: number) => 2 * normalCdf(Math.sqrt(2 * x)) - 1 - 2 * Math.sqrt(x / Math.PI) * Math.exp(-x);
  expect(distance(1.5, half)).toBeLessThan(KOLMOGOROV_999);
});

test('beta numbers follow the uniform, arcsine, polynomial and numerically integrated distributions', () => {
  const distance = (a: number, b: number, cdf: (x: number) => number) =>
    kolmogorovDistance(
      draws((s) => s.beta(a, b)),
      cdf,
    );
  expect(distance(1, 1, (x) => x)).toBeLessThan(KOLMOGOROV_999);
  expect(distance(0.5, 0.5, (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x)))).toBeLessThan(KOLMOGOROV_999);
  expect(distance(2, 3, (x) => x * x * (6 - 8 * x + 3 * x * x))).toBeLessThan(KOLMOGOROV_999);
  expect(distance(5, 1, (x) => x ** 5)).toBeLessThan(KOLMOGOROV_999);
  // Mixup's: with x = u^5 the density x^-0.2 (1 - x)^-0.2 dx becomes 5 u^3 (1 - u^5)^-0.2 du, smooth below one half.
  const integral = (x: number) => {
    const steps = 16;
    const h = x ** 0.2 / steps;
    let sum = 0;
    for (let i = 0; i <= steps; i++) {
      const u = i * h;
      sum += 5 * u ** 3 * (1 - u ** 5) ** -0.2 * (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2);
    }
    return (sum * h) / 3;
  };
  const whole = 2 * integral(0.5);
  const mixup = (x: number) => (x <= 0.5 ? integral(x) / whole : 1 - integral(1 - x) / whole);
  expect(distance(0.8, 0.8, mixup)).toBeLessThan(KOLMOGOROV_999);
  expect(distance(0.9, 0.8, mixup)).toBeGreaterThan(KOLMOGOROV_999);
});

test('beta numbers of tiny shapes are at both ends, never undefined; impossible shapes are refused', () => {
  const values = draws((s) => s.beta(1e-4, 1e-4));
  expect(values.every((x) => x >= 0 && x <= 1)).toBe(true);
  expect(Math.abs(values.filter((x) => x > 0.5).length / DRAWS - 0.5)).toBeLessThan(0.01);
  const stream = random({ seed: 1, stream: 'shapes' });
  expect(() => stream.beta(0, 1)).toThrow('beta: shapes must be positive numbers, got 0');
  expect(() => stream.gamma(NaN)).toThrow(RangeError);
});

test('a Kolmogorov-Smirnov test at this size tells a normal distribution with 2 % more spread apart', () => {
  const values = draws((s) => 1.02 * s.normal());
  expect(kolmogorovDistance(values, normalCdf)).toBeGreaterThan(KOLMOGOROV_999);
});

test('truncated normal numbers follow the truncated distribution and stay within the bounds', () => {
  const low = -0.01;
  const high = 0.03;
  const values = Float64Array.from(
    random({ seed: 13, stream: 't' }).fillTruncatedNormal(new Float32Array(DRAWS), { std: 0.02, low, high }),
  );
  expect(Math.min(...values.subarray(0, 50_000))).toBeGreaterThanOrEqual(Math.fround(low));
  expect(Math.max(...values.subarray(0, 50_000))).toBeLessThanOrEqual(Math.fround(high));
  const mass = normalCdf(high / 0.02) - normalCdf(low / 0.02);
  const cdf = (x: number) => (normalCdf(x / 0.02) - normalCdf(low / 0.02)) / mass;
  expect(kolmogorovDistance(values, cdf)).toBeLessThan(KOLMOGOROV_999);
});

test('integers are unbiased, also where a plain remainder would favour the low ones', () => {
  const stream = random({ seed: 14, stream: 'integers' });
  expect(chiSquare(histogram(6, DRAWS, () => stream.integer(1, 6) - 1))).toBeLessThan(CHI_SQUARE_999[5]);
  // 3 * 2^30 values: word % count would give the lowest third twice the probability of the others.
  const count = 3 * 2 ** 30;
  const bin = () => Math.floor((6 * stream.integer(0, count - 1)) / count);
  expect(chiSquare(histogram(6, DRAWS, bin))).toBeLessThan(CHI_SQUARE_999[5]);
});

test('each of the 24 orders of four items is equally likely', () => {
  const order = (i: number) => {
    const [a = 0, b = 0, c = 0, d = 0] = random({ seed: 15, stream: 'order', index: i }).permutation(4);
    return a * 6 + (b - Number(b > a)) * 2 + Number(c > d);
  };
  expect(chiSquare(histogram(24, 48_000, order))).toBeLessThan(CHI_SQUARE_999[23]);
});

test('integers stay in their range and a permutation holds every number once', () => {
  const seed = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(seed, fc.maxSafeInteger(), fc.nat({ max: 2 ** 31 - 1 }), (value, low, span) => {
      const high = Math.min(low + span, Number.MAX_SAFE_INTEGER);
      const drawn = random({ seed: value, stream: 'range' }).integer(low, high);
      expect(Number.isInteger(drawn) && drawn >= low && drawn <= high).toBe(true);
    }),
  );
  fc.assert(
    fc.property(seed, fc.nat({ max: 500 }), (value, length) => {
      const order = random({ seed: value, stream: 'permutation' }).permutation(length);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
    }),
  );
});

test('draws from ranges wider than 32 bits, and refuses impossible ones', () => {
  const stream = random({ seed: 16, stream: 'wide' });
  const wide = histogram(100, DRAWS, () => Math.floor((stream.integer(0, 2 ** 52 - 1) / 2 ** 52) * 100));
  expect(chiSquare(wide)).toBeLessThan(CHI_SQUARE_999[99]);
  expect(() => stream.integer(2, 1)).toThrow('integer: no integers can be drawn from [2, 1]');
  expect(() => stream.integer(0, 1.5)).toThrow('[0, 1.5]');
});

test('shuffle keeps the items and returns the same array', () => {
  const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const shuffled = random({ seed: 17, stream: 'shuffle' }).shuffle(items);
  expect(shuffled).toBe(items);
  expect(shuffled).not.toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  expect([...shuffled].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
});
