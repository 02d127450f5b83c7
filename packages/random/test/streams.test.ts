import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { random, streamNumber, type RandomKey } from '@umt/random';
import { log } from '../src/log.ts';
import { normalCdf, normalQuantile } from '../src/normal.ts';

interface Fixture {
  readonly streams: readonly {
    readonly key: RandomKey;
    readonly uint32: readonly number[];
    readonly uniform: readonly number[];
    readonly normal: readonly number[];
    readonly fillUniform: readonly number[];
    readonly fillNormal: readonly number[];
    readonly fillExponential: readonly number[];
    readonly truncated1: readonly number[];
    readonly truncated5to6: readonly number[];
  }[];
  readonly log: readonly (readonly [x: number, y: number])[];
  readonly quantile: readonly (readonly [p: number, z: number])[];
  readonly cdf: readonly (readonly [x: number, p: number])[];
}

/** Made by fixtures/make.py: another implementation, in integers and 40-digit arithmetic. */
const fixture = JSON.parse(readFileSync(new URL('./fixtures/streams.json', import.meta.url), 'utf8')) as Fixture;

function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE);
}

test.each(fixture.streams)('gives the words, doubles and fills of another implementation for $key', (expected) => {
  const stream = random(expected.key);
  expect(expected.uint32.map(() => stream.uint32())).toEqual(expected.uint32);
  const doubles = random(expected.key);
  expect(expected.uniform.map(() => doubles.uniform())).toEqual(expected.uniform);
  const normals = random(expected.key);
  for (const z of expected.normal) expect(relativeError(normals.normal(), z)).toBeLessThan(3e-15);
  const out = () => new Float32Array(expected.uint32.length);
  expect([...random(expected.key).fillUniform(out())]).toEqual(expected.fillUniform);
  expect([...random(expected.key).fillNormal(out())]).toEqual(expected.fillNormal);
  expect([...random(expected.key).fillExponential(out())]).toEqual(expected.fillExponential);
  expect([...random(expected.key).fillTruncatedNormal(out(), { low: -1, high: 1 })]).toEqual(expected.truncated1);
  expect([...random(expected.key).fillTruncatedNormal(out(), { low: 5, high: 6 })]).toEqual(expected.truncated5to6);
});

test('a longer fill begins with the numbers of a shorter one, and a fill moves the stream on', () => {
  const key = { seed: 3, stream: 'init' };
  const long = random(key).fillNormal(new Float32Array(101));
  const short = random(key).fillNormal(new Float32Array(10));
  expect([...short]).toEqual([...long.subarray(0, 10)]);
  const stream = random(key);
  const first = stream.fillUniform(new Float32Array(8));
  const second = stream.fillUniform(new Float32Array(8));
  expect([...random(key).fillUniform(new Float32Array(16))]).toEqual([...first, ...second]);
});

test('scales fills by their mean and deviation', () => {
  const key = { seed: 3, stream: 'init' };
  const unit = random(key).fillNormal(new Float32Array(9));
  const scaled = random(key).fillNormal(new Float32Array(9), 10, 2);
  for (const [i, z] of unit.entries()) expect(scaled[i]).toBeCloseTo(10 + 2 * z, 5);
  const uniform = random(key).fillUniform(new Float32Array(9));
  const wide = random(key).fillUniform(new Float32Array(9), -3, 3);
  for (const [i, u] of uniform.entries()) expect(wide[i]).toBeCloseTo(-3 + 6 * u, 5);
});

test('the logarithm is within 1 ulp', () => {
  for (const [x, y] of fixture.log) expect(Math.abs(log(x) - y)).toBeLessThanOrEqual(2.3e-16 * Math.abs(y));
});

test('the normal quantile is accurate to 1e-15 from 1e-300 to 1 - 2^-52, and the distribution function to 1e-12', () => {
  for (const [p, z] of fixture.quantile)
    expect(Math.abs(normalQuantile(p) - z)).toBeLessThanOrEqual(1e-15 * (1 + Math.abs(z)));
  for (const [x, p] of fixture.cdf) expect(Math.abs(normalCdf(x) - p)).toBeLessThanOrEqual(1e-12 * p);
  expect(normalCdf(-Infinity)).toBe(0);
  expect(normalCdf(Infinity)).toBe(1);
});

test('names hash by FNV-1a with the top bit set, numbers stand for themselves', () => {
  // Published FNV-1a vectors: '' 811c9dc5, 'a' e40c292c, 'foobar' bf9cf968.
  expect(streamNumber('')).toBe(0x811c9dc5);
  expect(streamNumber('a')).toBe(0xe40c292c);
  expect(streamNumber('foobar')).toBe(0xbf9cf968);
  expect(streamNumber(7)).toBe(7);
});

test('says which field of a key is out of range', () => {
  expect(() => random({ seed: -1, stream: 0 })).toThrow(
    'random: seed must be an integer from 0 to 9007199254740991, got -1',
  );
  expect(() => random({ seed: 1, stream: 2 ** 31 })).toThrow('random: stream must be an integer from 0 to 2147483647');
  expect(() => random({ seed: 1, stream: 0, step: 0.5 })).toThrow('random: step must be an integer');
  expect(() => random({ seed: 1, stream: 0, index: 2 ** 32 })).toThrow('random: index must be an integer');
});

test('refuses truncation bounds that hold no probability', () => {
  const out = new Float32Array(1);
  const stream = random({ seed: 1, stream: 0 });
  expect(() => stream.fillTruncatedNormal(out, { low: 1, high: 1 })).toThrow('low < high');
  expect(() => stream.fillTruncatedNormal(out, { std: 0, low: 0, high: 1 })).toThrow('std > 0');
  expect(() => stream.fillTruncatedNormal(out, { low: 50, high: 60 })).toThrow('no probability in [50, 60]');
});
