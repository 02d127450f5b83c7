import { createReferenceEngine, fromFloat64, gradientDeviation, readFloat64 } from '@umt/conformance';
import { random } from '@umt/random';
import { setEngine, tensor, valueAndGrad, type Engine } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { pixelLoss, videoMaeTarget } from '../src/index.ts';

let engine: Engine;
beforeEach(() => setEngine((engine = createReferenceEngine())));

const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
const numbers = (seed: number, length: number) =>
  Float64Array.from(random({ seed, stream: 'test' }).fillNormal(new Float32Array(length)));
/** The target of one token whose pixels are given channel by channel. */
const targetOf = (pixels: readonly number[], options = {}) =>
  Array.from(
    readFloat64(videoMaeTarget(fromFloat64(engine, Float64Array.from(pixels), [1, 1, pixels.length]), options)),
  );

describe('the pixel target', () => {
  it('has the unbiased variance and the channel fastest', () => {
    // red 0, 1, 2, 3 has mean 1.5 and unbiased variance 5 / 3; green is ten times that; blue is constant
    const red = [-1.5, -0.5, 0.5, 1.5].map((value) => value / (Math.sqrt(5 / 3) + 1e-6));
    const green = [-15, -5, 5, 15].map((value) => value / (10 * Math.sqrt(5 / 3) + 1e-6));
    const expected = red.flatMap((value, pixel) => [value, green[pixel], 0]);
    const found = targetOf([0, 1, 2, 3, 0, 10, 20, 30, 7, 7, 7, 7], PLAIN);
    for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index] ?? NaN, 12);
  });

  it('adds 1e-6 outside the root', () => {
    // deviations of 1e-6: a half, where 1e-6 under the root would give a thousandth
    const found = targetOf(
      [-1, 1, -1, 1, -1, 1].map((value) => value * Math.SQRT1_2 * 1e-6),
      PLAIN,
    );
    for (const value of found) expect(Math.abs(value)).toBeCloseTo(Math.SQRT1_2 / 2, 9);
  });

  it('is the pixels in [0, 1] where it is not to be standardised', () => {
    const found = targetOf([0, 1, 0, 1, 0, 1], { standardize: false });
    const expected = [0.485, 0.456, 0.406, 0.485 + 0.229, 0.456 + 0.224, 0.406 + 0.225];
    for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index] ?? NaN, 6);
  });

  it('does not depend on how the video was normalised, but for the epsilon', () => {
    const pixels = Array.from(numbers(1, 24));
    const [plain, imageNet] = [targetOf(pixels, PLAIN), targetOf(pixels)];
    for (const [index, value] of plain.entries()) expect(imageNet[index]).toBeCloseTo(value, 4);
  });

  it('makes a constant guess of 0 lose 1 - 1 / pixels', () => {
    const target = videoMaeTarget(fromFloat64(engine, numbers(2, 240), [2, 5, 24]), PLAIN);
    const loss = pixelLoss(fromFloat64(engine, new Float64Array(240), [2, 5, 24]), target);
    expect(readFloat64(loss)[0]).toBeCloseTo(1 - 1 / 8, 5);
  });

  it('refuses what is no patch vector, and to standardise single pixels', () => {
    const of = (shape: readonly number[]) =>
      tensor(new Float32Array(shape.reduce((product, length) => product * length)), shape);
    expect(() => videoMaeTarget(of([1, 2, 4]))).toThrow(/expected patch vectors \[B, M, 3 P\], got \[1, 2, 4\]/);
    expect(() => videoMaeTarget(of([2, 6]))).toThrow(/got \[2, 6\]/);
    expect(() => videoMaeTarget(of([1, 1, 3]))).toThrow(/tokens of one pixel have no variance/);
    expect(readFloat64(videoMaeTarget(of([1, 1, 3]), { standardize: false, ...PLAIN }))).toEqual(new Float64Array(3));
  });
});

describe('the pixel loss', () => {
  it('has the gradient of its formula at the prediction, none at the target', () => {
    const [prediction, target] = [3, 4].map((seed) => fromFloat64(engine, numbers(seed, 12), [1, 2, 6]));
    if (!prediction || !target) throw new Error('two tensors');
    expect(gradientDeviation((moved) => pixelLoss(moved ?? target, target), [prediction])).toBeLessThan(1e-8);
    const { value, gradients } = valueAndGrad(() => pixelLoss(prediction, target), [prediction, target]);
    const squares = numbers(3, 12).map((one, index) => (one - (numbers(4, 12)[index] ?? NaN)) ** 2);
    expect(readFloat64(value)[0]).toBeCloseTo(squares.reduce((total, square) => total + square) / 12, 12);
    expect(gradients.map(readFloat64)[1]).toEqual(new Float64Array(12));
  });

  it('refuses shapes that differ', () => {
    const [a, b] = [tensor(new Float32Array(12), [1, 2, 6]), tensor(new Float32Array(6), [1, 1, 6])];
    expect(() => pixelLoss(a, b)).toThrow(/prediction \[1, 2, 6\] and target \[1, 1, 6\] must have one shape/);
  });
});
