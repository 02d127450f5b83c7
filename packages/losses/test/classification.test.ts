import { createReferenceEngine, fromFloat64, gradientDeviation, readFloat64 } from '@umt/conformance';
import { setEngine, tensor, valueAndGrad, type Engine, type Tensor } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { labelSmoothingCrossEntropy, multiLabelLoss, softTargetCrossEntropy } from '../src/index.ts';
import fixture from './fixtures/classification.json' with { type: 'json' };

let engine: Engine;
beforeEach(() => setEngine((engine = createReferenceEngine())));

const exactTensor = (values: readonly number[], shape: readonly number[]) =>
  fromFloat64(engine, Float64Array.from(values), shape);
const fixtureLogits = () => exactTensor(fixture.logits, [5, 4]);
const valueOf = (loss: Tensor) => readFloat64(loss)[0] ?? NaN;

/** Holds a loss of the fixture's logits and its gradient to PyTorch's. Constants of ours are uploaded as float32. */
function expectAsPyTorch(
  loss: (logits: Tensor) => Tensor,
  expected: { readonly loss: number; readonly gradient: readonly number[] },
  digits = 12,
): void {
  const logits = fixtureLogits();
  const { value, gradients } = valueAndGrad(() => loss(logits), [logits]);
  expect(valueOf(value)).toBeCloseTo(expected.loss, digits);
  const [gradient] = gradients.map(readFloat64);
  expect(gradient?.length).toBe(20);
  for (const [index, one] of expected.gradient.entries()) expect(gradient?.[index]).toBeCloseTo(one, digits);
}

describe('soft-target cross-entropy', () => {
  it('has the value and gradient of PyTorch', () => {
    expectAsPyTorch(
      (logits) => softTargetCrossEntropy(logits, exactTensor(fixture.softTargets, [5, 4])),
      fixture.softTarget,
    );
  });

  it('is the logarithm of the class count for logits that are all equal, whatever the targets of mixup', () => {
    // labels [0, 2] of 4 classes, mixed by 0.7, smoothing 0.1
    const targets = exactTensor([0.655, 0.025, 0.295, 0.025, 0.295, 0.025, 0.655, 0.025], [2, 4]);
    const logits = exactTensor([3, 3, 3, 3, -7, -7, -7, -7], [2, 4]);
    expect(valueOf(softTargetCrossEntropy(logits, targets))).toBeCloseTo(Math.log(4), 12);
    // and is lowest, the entropy of the targets, where softmax gives just these
    const entropy = -(0.655 * Math.log(0.655) + 0.295 * Math.log(0.295) + 0.05 * Math.log(0.025));
    const best = exactTensor(Array.from(readFloat64(targets), Math.log), [2, 4]);
    expect(valueOf(softTargetCrossEntropy(best, targets))).toBeCloseTo(entropy, 12);
  });

  it('sends no gradient to the targets', () => {
    const [logits, targets] = [fixtureLogits(), exactTensor(fixture.softTargets, [5, 4])];
    const { gradients } = valueAndGrad(() => softTargetCrossEntropy(logits, targets), [logits, targets]);
    expect(gradients.map(readFloat64)[1]).toEqual(new Float64Array(20));
  });

  it('says what it was given when it cannot compare', () => {
    const of = (...shape: readonly number[]) =>
      tensor(new Float32Array(shape.reduce((product, length) => product * length)), shape);
    expect(() => softTargetCrossEntropy(of(2, 4), of(2, 3))).toThrow(
      /soft-target cross-entropy: logits \[2, 4\] and targets \[2, 3\] must have one shape \[B, C\]/,
    );
    expect(() => multiLabelLoss(of(8), of(8))).toThrow(/multi-label loss: expected logits \[B, C\], got \[8\]/);
  });
});

describe('label smoothing cross-entropy', () => {
  const { labels, classWeights } = fixture;

  it('has the value and gradient of PyTorch, plain and smoothed', () => {
    expectAsPyTorch((logits) => labelSmoothingCrossEntropy(logits, labels, 0), fixture.plain);
    expectAsPyTorch((logits) => labelSmoothingCrossEntropy(logits, labels, 0.1), fixture.smoothed, 7);
  });

  it('weighs classes as PyTorch does', () => {
    const weighted = (smoothing: number) => (logits: Tensor) =>
      labelSmoothingCrossEntropy(logits, labels, smoothing, { classWeights });
    expectAsPyTorch(weighted(0), fixture.weighted);
    expectAsPyTorch(weighted(0.1), fixture.smoothedAndWeighted, 7);
  });

  it('is (1 - smoothing) of the label and smoothing of the mean over classes', () => {
    const logits = [Math.log(0.1), Math.log(0.2), Math.log(0.7)];
    const mean = (-1 / 3) * (logits[0] ?? 0) - (1 / 3) * (logits[1] ?? 0) - (1 / 3) * (logits[2] ?? 0);
    const loss = labelSmoothingCrossEntropy(exactTensor(logits, [1, 3]), [1], 0.3);
    expect(valueOf(loss)).toBeCloseTo(0.7 * -Math.log(0.2) + 0.3 * mean, 6);
  });

  it('leaves out samples whose class has weight 0', () => {
    const all = labelSmoothingCrossEntropy(exactTensor([1, 2, 5, -1], [2, 2]), [0, 1], 0, { classWeights: [1, 0] });
    const first = labelSmoothingCrossEntropy(exactTensor([1, 2], [1, 2]), [0], 0);
    expect(valueOf(all)).toBeCloseTo(valueOf(first), 12);
  });

  it('names the label, smoothing or weight that is out of range', () => {
    const loss = (changes: { labels?: readonly number[]; smoothing?: number; classWeights?: readonly number[] }) => {
      const { labels: ofBatch = labels, smoothing = 0.1, ...options } = changes;
      return () => labelSmoothingCrossEntropy(fixtureLogits(), ofBatch, smoothing, options);
    };
    expect(loss({ labels: [2, 0, 4, 3, 1] })).toThrow(/label 2 must be a whole number from 0 to 3, got 4/);
    expect(loss({ labels: [2, 0, 1, 3, 0.5] })).toThrow(/label 4 .* got 0.5/);
    expect(loss({ labels: [2, 0] })).toThrow(/2 labels for 5 rows of logits/);
    expect(loss({ smoothing: 1.1 })).toThrow(/smoothing must be from 0 to 1, got 1.1/);
    expect(loss({ classWeights: [1, 1] })).toThrow(/2 class weights for 4 classes/);
    expect(loss({ classWeights: [1, NaN, 1, 1] })).toThrow(/the weight of class 1 must be finite .* got NaN/);
    expect(loss({ classWeights: [0, 0, 0, 0] })).toThrow(/every label of the batch has class weight 0/);
  });
});

describe('the multi-label loss', () => {
  it('has the value and gradient of PyTorch', () => {
    expectAsPyTorch((logits) => multiLabelLoss(logits, exactTensor(fixture.severalLabels, [5, 4])), fixture.multiLabel);
  });

  it('has the gradient sigmoid - target also at logits of exactly 0', () => {
    const [logits, targets] = [exactTensor([0, 0], [1, 2]), exactTensor([0, 1], [1, 2])];
    expect(gradientDeviation((moved) => multiLabelLoss(moved ?? logits, targets), [logits])).toBeLessThan(1e-8);
    const { value, gradients } = valueAndGrad(() => multiLabelLoss(logits, targets), [logits]);
    expect(valueOf(value)).toBeCloseTo(Math.LN2, 12);
    expect(gradients.map(readFloat64)).toEqual([Float64Array.of(0.25, -0.25)]);
  });

  it('stays finite where the exponential of a logit would not', () => {
    const logits = exactTensor([1e4, -1e4, 1e4, -1e4], [2, 2]);
    const { value, gradients } = valueAndGrad(
      () => multiLabelLoss(logits, exactTensor([1, 0, 0, 1], [2, 2])),
      [logits],
    );
    expect(valueOf(value)).toBeCloseTo(5e3, 9);
    expect(gradients.map(readFloat64)).toEqual([Float64Array.of(0, 0, 0.25, -0.25)]);
  });
});
